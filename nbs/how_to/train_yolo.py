"""Train YOLO on what `annot_hub export` wrote

python train_yolo.py for-yolo/data.yaml                    boxes
python train_yolo.py for-yolo/data.yaml yolo11n-seg.pt     polygons and masks; -pose: key points; -obb: rotated boxes
python train_yolo.py for-classes yolo11n-cls.pt            a class for each image
A model called .pt has learned from other images and is downloaded; .yaml instead starts from nothing.
"""
import sys
from pathlib import Path
from ultralytics import YOLO

data, model = Path(sys.argv[1]).absolute(), (*sys.argv[2:], 'yolo11n.pt')[0]
size = 224 if 'cls' in model else 640
trained = YOLO(model).train(data=str(data), epochs=1, imgsz=size)     # 50 epochs and more to learn
print('kept in', trained.save_dir)
