"""Reads the pickles of torch.save without PyTorch, and without running anything that they name.

A pickle is a program for a small stack machine that may call any function. This module runs only the operations and
knows only the names that a dict of float32 tensors needs; for anything else it raises PickleError, which says what the
pickle tried. Instead of torch's objects it makes `Storage` and `Tensor`, which describe where the numbers are. Nothing
here reads the numbers: see torch_file.py.
"""

import dataclasses
import pickletools

# A dict of 26 layers takes 6000 operations.
OPERATIONS_MAX = 1_000_000
DIMENSIONS_MAX = 8
PICKLE_PROTOCOL = 2

MARK = object()


class PickleError(Exception):
    """One line that says what a pickle tried, or what is wrong with it."""


class OtherTensorError(Exception):
    """The pickle contains tensors of a type that PyTorch has, but this module doesn't read."""


@dataclasses.dataclass(frozen=True)
class Storage:
    """An array of float32 numbers in the file."""

    key: str
    numbers: int


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A view of a storage. Offset and strides count numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple
    strides: tuple


class OrderedDict(dict):
    """Stands for collections.OrderedDict, whose attributes (a network's `_metadata`) are dropped."""


class Name:
    """Stands for something that a pickle names. Only REDUCE uses it, by asking which one it is."""

    def __init__(self, text):
        self.text = text


REBUILD_TENSOR = Name("torch._utils._rebuild_tensor_v2")
ORDERED_DICT = Name("collections.OrderedDict")
FLOAT_STORAGE = Name("torch.FloatStorage")
NAMES = {name.text: name for name in (REBUILD_TENSOR, ORDERED_DICT, FLOAT_STORAGE)}

# What torch.save writes for tensors of other types, and for parameters.
OTHER_TENSORS = {"torch._utils._rebuild_parameter"} | {
    f"torch.{kind}Storage" for kind in ("BFloat16", "Bool", "Byte", "Char", "Double", "Half", "Int", "Long", "Short")}


def shown(text):
    """A text from the file for a message: short, and without control characters."""
    text = str(text)
    return ascii(text if len(text) <= 80 else text[:77] + "...")[1:-1]


def _is_int(value):
    # True and False are ints too, but no sizes.
    return type(value) is int  # pylint: disable=unidiomatic-typecheck


def _are_sizes(value):
    return isinstance(value, tuple) and len(value) <= DIMENSIONS_MAX and all(_is_int(size) for size in value)


def _make_tensor(arguments):
    """Checks the arguments of _rebuild_tensor_v2. Whether the tensor lies in its storage is checked by check_bounds."""
    if not isinstance(arguments, tuple) or len(arguments) != 6:
        raise PickleError("builds a tensor from something other than its six arguments")
    storage, offset, shape, strides, needs_gradient, hooks = arguments
    if not isinstance(storage, Storage):
        raise PickleError("builds a tensor from something that is not a storage")
    if not (_is_int(offset) and _are_sizes(shape) and _are_sizes(strides) and isinstance(needs_gradient, bool)):
        raise PickleError(f"builds a tensor whose offset, shape or strides are not up to {DIMENSIONS_MAX} integers")
    if not isinstance(hooks, OrderedDict) or hooks:
        raise PickleError("builds a tensor with hooks, which are code")
    tensor = Tensor(storage, offset, shape, strides)
    check_bounds(tensor)
    return tensor


def last_number(tensor):
    """The place of a tensor's last number in its storage."""
    return tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides))


def check_bounds(tensor):
    """Raises PickleError unless the tensor lies in its storage and no two of its numbers are at the same place."""
    shape, strides = tensor.shape, tensor.strides
    if len(shape) != len(strides):
        raise PickleError("contains a tensor with different numbers of sizes and strides")
    if tensor.offset < 0 or any(size < 1 for size in shape) or any(stride < 0 for stride in strides):
        raise PickleError("contains a tensor with an offset, size or stride out of range")
    reach = 0  # The largest distance between two numbers along the dimensions so far.
    for stride, size in sorted((stride, size) for size, stride in zip(shape, strides) if size > 1):
        if stride <= reach:
            raise PickleError("contains a tensor whose numbers overlap")
        reach += (size - 1) * stride
    if last_number(tensor) >= tensor.storage.numbers:
        raise PickleError("contains a tensor that is larger than its storage")


class Machine:
    """Runs the operations of one pickle. The stack holds MARK, None, bool, int, str, tuple, list, dict, Name and the
    classes above, and no operation calls or hashes anything else."""

    def __init__(self):
        self.stack = []
        self.memo = {}
        self.storages = {}

    def push(self, value):
        self.stack.append(value)

    def pop(self):
        if not self.stack or self.stack[-1] is MARK:
            raise PickleError("takes more from the stack than it put there")
        return self.stack.pop()

    def pop_to_mark(self):
        items = []
        while self.stack and self.stack[-1] is not MARK:
            items.append(self.stack.pop())
        if not self.stack:
            raise PickleError("takes more from the stack than it put there")
        self.stack.pop()
        return items[::-1]

    def top(self, kind):
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise PickleError(f"adds to something that is not a {kind.__name__}")
        return self.stack[-1]

    def proto(self, version):
        if version != PICKLE_PROTOCOL:
            raise PickleError(f"is in pickle protocol {version}, but torch.save writes protocol {PICKLE_PROTOCOL}")

    def get_name(self, module_and_name):
        text = module_and_name.replace(" ", ".")
        if text in OTHER_TENSORS:
            raise OtherTensorError(f"contains {text}, which is not a plain float32 tensor")
        if text not in NAMES:
            raise PickleError(f"tries to use {shown(text)}, which no model needs")
        self.stack.append(NAMES[text])

    def call(self, _):
        arguments, function = self.pop(), self.pop()
        if function is REBUILD_TENSOR:
            self.stack.append(_make_tensor(arguments))
        elif function is ORDERED_DICT and arguments == ():
            self.stack.append(OrderedDict())
        elif isinstance(function, Name):
            raise PickleError(f"tries to call {function.text} in a way that no model needs")
        else:
            raise PickleError(f"tries to call a {type(function).__name__}")

    def get_storage(self, _):
        """The persistent id of a storage. The older format adds None, for a storage that is no view of another."""
        given = self.pop()
        if isinstance(given, tuple) and len(given) == 6 and given[5] is None:
            given = given[:5]
        if not isinstance(given, tuple) or len(given) != 5 or given[0] != "storage" or given[1] is not FLOAT_STORAGE:
            raise PickleError("refers to something that is not a torch.FloatStorage")
        _, _, key, location, numbers = given
        if not (isinstance(key, str) and isinstance(location, str) and _is_int(numbers) and numbers >= 1):
            raise PickleError("refers to a storage without a key or a size")
        storage = self.storages.setdefault(key, Storage(key, numbers))
        if storage.numbers != numbers:
            raise PickleError(f"gives storage {shown(key)} two sizes")
        self.stack.append(storage)

    def drop_attributes(self, _):
        self.pop()
        if not self.stack or not isinstance(self.stack[-1], OrderedDict):
            raise PickleError("tries to set attributes of something that is not a collections.OrderedDict")

    def put(self, place):
        if not self.stack or self.stack[-1] is MARK:
            raise PickleError("remembers something that is not there")
        self.memo[place] = self.stack[-1]

    def get(self, place):
        if place not in self.memo:
            raise PickleError(f"recalls number {place}, which it never remembered")
        self.stack.append(self.memo[place])

    def make_tuple(self, count):
        self.stack.append(tuple([self.pop() for _ in range(count)][::-1]))

    def append(self, items):
        self.top(list).extend(items)

    def set_items(self, items):
        target = self.top(dict)
        if len(items) % 2:
            raise PickleError("sets a key without a value")
        for key, value in zip(items[::2], items[1::2]):
            if not isinstance(key, str):
                raise PickleError(f"uses a {type(key).__name__} as a key, but names are texts")
            if key in target:
                raise PickleError(f"contains {shown(key)} twice")
            target[key] = value


OPERATIONS = {
    "PROTO": Machine.proto,
    "BINUNICODE": Machine.push,
    "BININT": Machine.push,
    "BININT1": Machine.push,
    "BININT2": Machine.push,
    "LONG1": Machine.push,
    "MARK": lambda machine, _: machine.stack.append(MARK),
    "NONE": lambda machine, _: machine.stack.append(None),
    "NEWTRUE": lambda machine, _: machine.stack.append(True),
    "NEWFALSE": lambda machine, _: machine.stack.append(False),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_TUPLE": lambda machine, _: machine.stack.append(()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.make_tuple(1),
    "TUPLE2": lambda machine, _: machine.make_tuple(2),
    "TUPLE3": lambda machine, _: machine.make_tuple(3),
    "APPEND": lambda machine, _: machine.append([machine.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.set_items([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "BINPUT": Machine.put,
    "LONG_BINPUT": Machine.put,
    "BINGET": Machine.get,
    "LONG_BINGET": Machine.get,
    "GLOBAL": Machine.get_name,
    "REDUCE": Machine.call,
    "BINPERSID": Machine.get_storage,
    "BUILD": Machine.drop_attributes,
}


def read_pickle(file):
    """Reads one pickle from a binary file, up to and including its end. Returns the value and the storages by key."""
    machine = Machine()
    try:
        for count, (operation, argument, _) in enumerate(pickletools.genops(file)):
            if count == OPERATIONS_MAX:
                raise PickleError(f"has more than {OPERATIONS_MAX} operations")
            if operation.name == "STOP":
                break
            if operation.name not in OPERATIONS:
                raise PickleError(f"uses the pickle operation {operation.name}, which no model needs")
            OPERATIONS[operation.name](machine, argument)
    except ValueError as error:  # From genops: an unknown operation, or one that is cut off.
        raise PickleError("is cut off or damaged") from error
    if len(machine.stack) != 1 or machine.stack[0] is MARK:
        raise PickleError("ends with other than one value")
    return machine.stack[0], machine.storages
