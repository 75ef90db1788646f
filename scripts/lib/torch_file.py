"""Reads files of torch.save that hold a dict of float32 tensors, in both of its formats, without PyTorch.

Since PyTorch 1.6 such a file is a zip archive: FOLDER/data.pkl describes the tensors, and FOLDER/data/KEY holds the
numbers of one storage. The older format is a row of pickles (magic number, version, facts about the machine, the
tensors, the keys of the storages), followed by each storage: its size as int64, then its numbers.

A file may come from anyone. Nothing in it is run (see tensor_pickle.py), and whatever it says about sizes and places is
checked before memory is spent on it. read_model raises ModelError, one line about what is wrong, or OtherTensorError.
"""

import io
import struct
import zipfile
import zlib

from plain_model import contiguous_strides
from tensor_pickle import OrderedDict, OtherTensorError, PickleError, Tensor, last_number, read_pickle, shown

# The worker reads no larger file of weights. SqueezeNet's has 5 MB.
FILE_BYTES_MAX = 64 << 20
ENTRIES_MAX = 10_000
NUMBER_BYTES = 4

SIZE_BYTES = 8

# The pickle of the number 0x1950a86a20f9469cfc6c (MAGIC_NUMBER in torch/serialization.py).
LEGACY_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
LEGACY_VERSION = 1001

DIRECTORY_MAGIC = b"PK\x01\x02"
LOCAL_HEADER_MAGIC = b"PK\x03\x04"
LOCAL_HEADER_BYTES = 30
# The bit of an entry's flags.
ENCRYPTED = 1

BIG_ENDIAN = "its numbers are big-endian; save it on a little-endian machine"


class ModelError(Exception):
    """One line that says what is wrong with the file or the machine, and what to do."""


def _entry_error(entry, fault):
    return ModelError(f"the zip archive's entry {shown(entry.filename)} {fault}")


def _check_names(value):
    """Returns the dict of tensors that a pickle made."""
    if not isinstance(value, dict) or not value or not all(isinstance(tensor, Tensor) for tensor in value.values()):
        raise ModelError("not a dict of named tensors; expected the state_dict of a network")
    for name in value:
        if not name.isprintable():
            raise ModelError(f"the name {shown(name)} contains control characters or isn't Unicode")
    return value


def _check_overlaps(tensors):
    """Raises ModelError if two tensors share numbers: their copies would take more memory than the file."""
    places = sorted((tensor.storage.key, tensor.offset, last_number(tensor), name) for name, tensor in tensors.items())
    for (key, _, last, name), (other_key, first, _, other_name) in zip(places, places[1:]):
        if key == other_key and first <= last:
            raise ModelError(f"the tensors {shown(name)} and {shown(other_name)} overlap")


def _gather(numbers, start, dimensions):
    """Yields the bytes of a tensor in the order of its dimensions, each (size, stride). `numbers` are its storage's."""
    size, stride = dimensions[0]
    if len(dimensions) == 1:
        yield numbers[start:start + (size - 1) * stride + 1:stride].tobytes()
        return
    for index in range(size):
        yield from _gather(numbers, start + index * stride, dimensions[1:])


def _bytes_of(tensor, data):
    """The bytes of a tensor as contiguous little-endian float32. `data` holds the bytes of its storage."""
    dimensions = [(size, stride) for size, stride in zip(tensor.shape, tensor.strides) if size > 1]
    if tuple(stride for _, stride in dimensions) == contiguous_strides([size for size, _ in dimensions]):
        return bytes(data[NUMBER_BYTES * tensor.offset:NUMBER_BYTES * (last_number(tensor) + 1)])
    return b"".join(_gather(memoryview(data).cast("I"), tensor.offset, dimensions))


class _ZipEntries:
    """The entries of an archive: stored without compression, each name once, and no two at the same place, so that
    together they are no larger than the file."""

    def __init__(self, data):
        # Before zipfile makes an object for each. Numbers look like an entry of the directory far less often.
        if data.count(DIRECTORY_MAGIC) > ENTRIES_MAX:
            raise ModelError(f"the zip archive has more than {ENTRIES_MAX} entries")
        self._data = memoryview(data)
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._entries = {}
        entries = self._archive.infolist()
        for entry in entries:
            if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & ENCRYPTED:
                raise _entry_error(entry, "is compressed or encrypted, which torch.save's never are")
            if entry.file_size != entry.compress_size:
                raise _entry_error(entry, "has two sizes")
            if entry.filename in self._entries:
                raise _entry_error(entry, "is there twice")
            self._entries[entry.filename] = entry
        end_before = 0
        for entry in sorted(entries, key=lambda entry: entry.header_offset):
            if entry.header_offset < end_before:
                raise _entry_error(entry, "overlaps another")
            end_before = self._start(entry) + entry.file_size
            if end_before > self._archive.start_dir:
                raise _entry_error(entry, "lies outside of the file")

    def _start(self, entry):
        """Where an entry's bytes start, as its header in front of them says."""
        header = self._data[entry.header_offset:entry.header_offset + LOCAL_HEADER_BYTES]
        if len(header) != LOCAL_HEADER_BYTES or header[:4] != LOCAL_HEADER_MAGIC:
            raise _entry_error(entry, "has no header")
        name_bytes, extra_bytes = struct.unpack("<HH", header[26:30])
        return entry.header_offset + LOCAL_HEADER_BYTES + name_bytes + extra_bytes

    def names(self):
        return list(self._entries)

    def read(self, name):
        """Returns an entry's bytes and verifies their checksum, which neither LibTorch nor PyTorch does."""
        entry = self._entries[name]
        start = self._start(entry)
        content = self._data[start:start + entry.file_size]
        # 0 means that torch.save did not compute the checksum.
        if entry.CRC not in (0, zlib.crc32(content)):
            raise _entry_error(entry, "is damaged; fetch the file again")
        return content


def _read_zip(data):
    try:
        entries = _ZipEntries(data)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise ModelError("damaged zip archive; fetch the file again") from error
    contents = {name: entries.read(name) for name in entries.names()}
    pickles = [name for name in contents if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ModelError("not a PyTorch model file: the zip archive has no data.pkl, or several")
    folder = pickles[0].removesuffix("/data.pkl")
    if contents.get(f"{folder}/byteorder", b"little") != b"little":
        raise ModelError(BIG_ENDIAN)
    value, storages = read_pickle(io.BytesIO(contents[pickles[0]]))
    tensors = _check_names(value)
    numbers = {}
    for key, storage in storages.items():
        content = contents.get(f"{folder}/data/{key}")
        if content is None:
            raise ModelError(f"storage {shown(key)} is missing from the zip archive")
        if len(content) != NUMBER_BYTES * storage.numbers:
            raise ModelError(f"storage {shown(key)} has {len(content)} bytes instead of {NUMBER_BYTES} "
                             f"for each of {storage.numbers} numbers")
        numbers[key] = content
    return tensors, numbers


def _read_legacy(data):
    file = io.BytesIO(data)
    file.seek(len(LEGACY_MAGIC))
    if read_pickle(file)[0] != LEGACY_VERSION:
        raise ModelError(f"in an unknown version of torch's older format; expected {LEGACY_VERSION}")
    machine = read_pickle(file)[0]
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise ModelError(BIG_ENDIAN)
    value, storages = read_pickle(file)
    tensors = _check_names(value)
    keys = read_pickle(file)[0]
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or sorted(keys) != sorted(storages):
        raise ModelError("its list of storages isn't that of its tensors")
    numbers = {}
    rest = memoryview(data)[file.tell():]
    for key in keys:
        end = SIZE_BYTES + NUMBER_BYTES * storages[key].numbers
        if len(rest) < end:
            raise ModelError("cut off; fetch the file again")
        if int.from_bytes(rest[:SIZE_BYTES], "little") != storages[key].numbers:
            raise ModelError(f"storage {shown(key)} has another size than its tensors say")
        numbers[key], rest = rest[SIZE_BYTES:end], rest[end:]
    if rest:
        raise ModelError("contains more than its tensors; fetch the file again")
    return tensors, numbers


class Model:
    """What read_model found. Its numbers may be any; the worker checks that they are finite."""

    def __init__(self, tensors, numbers, is_plain):
        self._tensors = tensors
        self._numbers = numbers
        # Whether the worker reads the file as it is.
        self.is_plain = is_plain

    def tensors(self):
        """Yields (name, shape, little-endian float32 bytes) of each tensor, in the file's order."""
        for name, tensor in self._tensors.items():
            yield name, tensor.shape, _bytes_of(tensor, self._numbers[tensor.storage.key])


def read_model(path):
    """Reads a model's tensors from a file."""
    with open(path, "rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise ModelError(f"larger than {FILE_BYTES_MAX >> 20} MiB, which no file of SqueezeNet's weights is")
    is_zip = data.startswith(LOCAL_HEADER_MAGIC)
    if not is_zip and not data.startswith(LEGACY_MAGIC):
        raise ModelError("not a PyTorch model file; fetch the file again")
    try:
        tensors, numbers = (_read_zip if is_zip else _read_legacy)(data)
    except OtherTensorError:
        raise
    except PickleError as error:
        raise ModelError(f"its pickle {error}") from error
    _check_overlaps(tensors)
    return Model(tensors, numbers, is_zip and not isinstance(tensors, OrderedDict))
