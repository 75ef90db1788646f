"""What Debian's Pillow and PyTorch answer for an image file: the reference for scripts/corpus.

Pillow decodes the file, or the tool of the format's own library where Pillow can't: heif-convert, avifdec, djxl.
torchvision scales and crops it, and its SqueezeNet 1.1 recognizes it.
"""

import dataclasses
import pathlib
import resource
import subprocess
import tempfile
import warnings

import torch
from PIL import Image, ImageFile, ImageOps
from torchvision import models, transforms

TOP = 5
TOOL_TIMEOUT_S = 120
# The worker's default for --image-pixels-max. Pillow refuses images with more than twice MAX_IMAGE_PIXELS.
PIXELS_MAX = 64 << 20
# Some damaged files make a decoder allocate without end.
MEMORY_BYTES_MAX = 8 << 30

# What Pillow calls each format that workers read. Formats that it reads and workers don't are `other`.
PILLOW_FORMATS = {"JPEG", "MPO", "PNG", "BMP", "WEBP", "GIF", "TIFF", "PPM", "PSD", "ICO", "CUR", "DIB", "TGA",
                  "JPEG2000"}

# Tools that decode a file (first argument) to a PNG (second argument), by what the file's first bytes contain.
TOOLS = [(b"ftypavi", ["avifdec", "--no-strict"]),
         (b"ftyp", ["heif-convert"]),
         (b"\xff\x0a", ["djxl"]),
         (b"JXL \r\n", ["djxl"])]


class Unreadable(Exception):
    """The reference can't decode the file."""


@dataclasses.dataclass
class ReferenceAnswer:
    """The best classes with their probabilities, best first, and what is special about the file."""

    top: list
    is_listed: bool  # Whether workers should read the format.
    is_deep_gray: bool  # Whether Pillow cuts its levels off at 255 where workers scale them.


@dataclasses.dataclass
class _Decoded:
    """An image, upright and in RGB. For the rest see ReferenceAnswer."""

    image: Image.Image
    is_listed: bool = True
    is_deep_gray: bool = False


def _decode_with_tool(path):
    with open(path, "rb") as file:
        head = file.read(16)
    command = next((command for mark, command in TOOLS if mark in head), None)
    if command is None:
        raise Unreadable("Pillow can't identify it")
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run([*command, path, pathlib.Path(folder) / "image.png"], check=True,
                           timeout=TOOL_TIMEOUT_S, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            # heif-convert numbers the images of a file that has several. All tools turn them upright.
            with Image.open(min(pathlib.Path(folder).glob("image*.png"))) as image:
                return _Decoded(image.convert("RGB"))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise Unreadable(f"{command[0]} can't decode it") from error


def _decode(path):
    try:
        with Image.open(path) as image:
            # Pillow 9.4 turns a TIFF upright when it loads it, and exif_transpose would turn it once more.
            upright = image if image.format == "TIFF" else ImageOps.exif_transpose(image)
            is_deep_gray = image.mode.startswith("I")
            return _Decoded(upright.convert("RGB"), image.format in PILLOW_FORMATS, is_deep_gray)
    except Image.UnidentifiedImageError:
        return _decode_with_tool(path)
    except Exception as error:  # pylint: disable=broad-except  # Pillow raises anything for damaged files.
        raise Unreadable(f"{type(error).__name__}: {error}") from error


class Reference:
    """Answers as the service should. `model` is a file of SqueezeNet 1.1's weights, as scripts/fetch-model writes it."""

    def __init__(self, model):
        warnings.simplefilter("ignore")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
        Image.MAX_IMAGE_PIXELS = PIXELS_MAX // 2
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        torch.set_num_threads(1)
        self._network = models.squeezenet1_1()
        weights = torch.load(model)
        weights.pop("samoyed.untrained", None)  # scripts/fetch-model marks an untrained network so.
        self._network.load_state_dict(weights)
        self._network.eval()
        self._prepare = transforms.Compose([
            transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])

    def answer(self, path):
        """Recognizes a file. Raises Unreadable if it can't be decoded."""
        decoded = _decode(path)
        try:
            prepared = self._prepare(decoded.image).unsqueeze(0)
        except MemoryError as error:
            raise Unreadable("torchvision can't scale it: it takes too much memory") from error
        with torch.inference_mode():
            scores = self._network(prepared)
            probabilities, classes = torch.softmax(scores, 1).topk(TOP)
        return ReferenceAnswer(list(zip(classes[0].tolist(), probabilities[0].tolist())), decoded.is_listed,
                               decoded.is_deep_gray)
