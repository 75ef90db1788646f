"""Writes models in the form that the worker reads: torch's zip format, with a plain dict of float32 tensors.

The bytes depend on nothing but the tensors, so they are the same on every machine.
"""

import math
import os
import struct
import tempfile
import zipfile


def _text(text):
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _tuple(*items):
    return b"(" + b"".join(items) + b"t"


def _int(number):
    return b"J" + struct.pack("<i", number)


def _global(module, name):
    return f"c{module}\n{name}\n".encode()


def contiguous_strides(shape):
    """The strides, in numbers, of a tensor whose last dimension varies fastest."""
    return tuple(math.prod(shape[axis + 1:]) for axis in range(len(shape)))


def _tensor(key, shape):
    """Returns what torch.save writes for a contiguous float32 tensor with its bytes in the entry data/<key>."""
    storage = _tuple(_text("storage"), _global("torch", "FloatStorage"), _text(str(key)), _text("cpu"),
                     _int(math.prod(shape))) + b"Q"
    no_hooks = _global("collections", "OrderedDict") + b")R"
    return (_global("torch._utils", "_rebuild_tensor_v2") +
            _tuple(storage, _int(0), _tuple(*map(_int, shape)), _tuple(*map(_int, contiguous_strides(shape))), b"\x89",
                   no_hooks) + b"R")


def write_plain_model(file, folder, tensors):
    """Writes the tensors, each (name, shape, little-endian float32 bytes), to the open file. `folder` is the name of
    the folder in the archive."""
    entries = []
    items = b""
    for key, (name, shape, data) in enumerate(tensors):
        items += _text(name) + _tensor(key, shape)
        entries.append((f"{folder}/data/{key}", data))
    entries.insert(0, (f"{folder}/data.pkl", b"\x80\x02}(" + items + b"u."))
    entries.append((f"{folder}/version", b"3\n"))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)


def replace_file(path, write):
    """Calls `write` with a temporary file and renames that to `path`, which is then complete, or unchanged if `write`
    fails. Makes the folder if it is missing."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part:
        try:
            write(part)
            part.flush()
            os.chmod(part.name, 0o644)
            os.replace(part.name, path)
        except BaseException:
            os.unlink(part.name)
            raise
