"""torchvision's SqueezeNet 1.1 and its image preprocessing, for the Python peers."""

import io

import PIL.Image
import PIL.ImageOps
import torch
import torchvision

_transform = torchvision.transforms.Compose([
    torchvision.transforms.Resize(256), torchvision.transforms.CenterCrop(224),
    torchvision.transforms.ToTensor(),
    torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])


def load(model):
    """Returns the network with the weights of one of our model files, which may also hold a marker."""
    weights = {name: tensor for name, tensor in torch.load(model).items()
               if not name.startswith("samoyed.")}
    net = torchvision.models.squeezenet1_1(num_classes=len(weights["classifier.1.bias"]))
    net.load_state_dict(weights)
    return net.eval()


def preprocess(content):
    """Turns an image file's bytes into the network's input, 3x224x224."""
    image = PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(content)))
    return _transform(image.convert("RGB"))
