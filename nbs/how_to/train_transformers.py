"""Train a vision transformer on what `annot_hub materialise` wrote

python train_transformers.py for-transformers                                    a small one, from random weights
python train_transformers.py for-transformers google/vit-base-patch16-224-in21k  one that is downloaded
"""
import sys
import numpy as np
from datasets import load_dataset
from transformers import (AutoImageProcessor, AutoModelForImageClassification, Trainer, TrainingArguments,
    ViTConfig, ViTForImageClassification, ViTImageProcessor)

ds = load_dataset('parquet', data_dir=sys.argv[1])
names = ds['train'].features['label'].names
labels = {'id2label': dict(enumerate(names)), 'label2id': {name: i for i, name in enumerate(names)}}
if len(sys.argv) > 2:
    processor = AutoImageProcessor.from_pretrained(sys.argv[2])
    model = AutoModelForImageClassification.from_pretrained(sys.argv[2], num_labels=len(names), **labels)
else:
    processor = ViTImageProcessor()
    model = ViTForImageClassification(ViTConfig(hidden_size=96, num_hidden_layers=3, num_attention_heads=3,
                                                intermediate_size=192, num_labels=len(names), **labels))

def prepare(rows):
    images = [image.convert('RGB') for image in rows['image']]
    return {**processor(images, return_tensors='pt'), 'labels': rows['label']}

def scores(prediction): return {'accuracy': float(np.mean(prediction.predictions.argmax(-1) == prediction.label_ids))}

how = TrainingArguments('trained', num_train_epochs=1, eval_strategy='epoch', remove_unused_columns=False, report_to='none')
trainer = Trainer(model, how, train_dataset=ds['train'].with_transform(prepare),
                  eval_dataset=ds['validation'].with_transform(prepare), compute_metrics=scores)
trainer.train()
print(trainer.evaluate())
