"""Train fastai on what `annot_hub export --as imagefolder` wrote

python train_fastai.py for-classes             the model has learned from other images, and is downloaded
python train_fastai.py for-classes nothing     from random weights
"""
import sys
from fastai.vision.all import ImageDataLoaders, Resize, accuracy, resnet18, vision_learner

data, pretrained = sys.argv[1], len(sys.argv) < 3
dls = ImageDataLoaders.from_folder(data, train='train', valid='validation', item_tfms=Resize(224), bs=16)
learn = vision_learner(dls, resnet18, metrics=accuracy, pretrained=pretrained)
learn.fine_tune(1) if pretrained else learn.fit_one_cycle(1)          # 5 epochs and more to learn
print(dls.vocab, learn.validate())
