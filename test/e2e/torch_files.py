"""Makes files like those of torch.save, honest and hostile ones, with the standard library alone.

A pickle is written operation by operation, so that a test can write any. `state_dict` makes an honest one.
"""

import io
import struct
import zipfile

STOP = b"."
FLOAT_STORAGE = b"ctorch\nFloatStorage\n"
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
NEW_DICT = b"ccollections\nOrderedDict\n)R"
LEGACY_START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."


def text(value):
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def numbers(values):
    return b"(" + b"".join(value if isinstance(value, bytes) else number(value) for value in values) + b"t"


def storage(key, size, kind=FLOAT_STORAGE, word="storage", more=b""):
    """A reference to a storage. The older format adds `N`."""
    size = size if isinstance(size, bytes) else number(size)
    return b"(" + text(word) + kind + text(key) + text("cpu") + size + more + b"tQ"


def tensor(stored, shape, strides, offset=0, hooks=NEW_DICT):
    return REBUILD + b"(" + stored + number(offset) + numbers(shape) + numbers(strides) + b"\x89" + hooks + b"tR"


def pickle(value):
    return b"\x80\x02" + value + STOP


def named(start, *items):
    """A dict that begins as the operations `start` and gets the items, each (name, operations)."""
    return pickle(start + b"(" + b"".join(text(name) + value for name, value in items) + b"u")


def values(count, first=0):
    """The bytes of `count` different numbers."""
    return struct.pack(f"<{count}f", *(first + index / 8 for index in range(count)))


def zip_file(data_pickle, storages, extra=(), folder="net"):
    """A file in torch's zip format. `extra` are further entries (name, content), or entries to replace."""
    entries = {f"{folder}/data.pkl": data_pickle, **{f"{folder}/data/{key}": data for key, data in storages.items()},
               f"{folder}/version": b"3\n"}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in [*entries.items(), *extra]:
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def legacy_file(data_pickle, storages, version=1001, little_endian=b"\x88", keys=None, sizes=None):
    """A file in torch's older format."""
    keys = list(storages) if keys is None else keys
    sizes = sizes or {key: len(data) // 4 for key, data in storages.items()}
    return (LEGACY_START + pickle(number(version)) + named(b"}", ("little_endian", little_endian)) + data_pickle +
            pickle(b"](" + b"".join(text(key) for key in keys) + b"e") +
            b"".join(struct.pack("<q", sizes[key]) + data for key, data in storages.items()))
