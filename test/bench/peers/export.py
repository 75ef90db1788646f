#!/usr/bin/python3
"""usage: export.py MODEL FOLDER IMAGE...

Writes the files that the peers read: the network as FOLDER/model.onnx, and for each image the network's
input as Pillow and torchvision produce it, FOLDER/NAME.f32 (raw float32, 3x224x224). Prints one JSON
object with the best class by PyTorch for each image.
"""

import json
import pathlib
import sys

import network
import torch


def main():
    model, folder, images = sys.argv[1], pathlib.Path(sys.argv[2]), map(pathlib.Path, sys.argv[3:])
    net = network.load(model)
    seen = {}
    for image in images:
        planes = network.preprocess(image.read_bytes())
        planes.numpy().astype("<f4").tofile(folder / f"{image.stem}.f32")
        with torch.inference_mode():
            seen[image.stem] = int(net(planes[None])[0].argmax())
    torch.onnx.export(net, torch.zeros(1, 3, 224, 224), str(folder / "model.onnx"),
                      input_names=["input"], output_names=["logits"], opset_version=13)
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
