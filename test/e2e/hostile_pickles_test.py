#!/usr/bin/python3
"""Tests that no pickle in a model file can do anything but describe float32 tensors that lie in the file."""

import os
import pickle
from unittest import mock

import support
import tensor_pickle
import torch_file
import torch_files as make
from model_file_case import STORED, ModelFileTest, one_tensor, one_value


class Call:
    """What an attacker pickles: a call of any function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class HostilePickles(ModelFileTest):
    def test_calls_are_refused_by_name_and_not_made(self):
        touched = self.folder / "touched"
        for function, arguments, name in ((os.system, (f"touch {touched}",), "posix.system"),
                                          (eval, (f"open({str(touched)!r}, 'w')",), "__builtin__.eval"),
                                          (getattr, (str, "join"), "__builtin__.getattr")):
            with self.subTest(name):
                attack = pickle.dumps({"weight": Call(function, *arguments)}, protocol=2)
                self.assert_refused(make.zip_file(attack, {}), f"{name}, which no model needs")
                self.assert_refused(make.legacy_file(attack, {}), f"{name}, which no model needs")
        self.assertFalse(touched.exists())

    def test_names_near_the_known_ones_are_refused(self):
        for module, name in (("torch._utils", "_rebuild_tensor_v2.__globals__"), ("torch.storage", "_load_from_bytes"),
                             ("torch", "UntypedStorage"), ("torch", "load"), ("torch.jit", "load"), ("", "torch.load"),
                             ("collections", "OrderedDict.fromkeys"), ("torch\x1b[31m", "red")):
            with self.subTest(name):
                self.assert_refused(one_value(f"c{module}\n{name}\n".encode()), "which no model needs")
        self.assert_refused(one_value(b"ctorch\nx" + 500 * b"y" + b"\n"), "yyy..., which")

    def test_operations_that_no_model_needs_are_refused_by_name(self):
        for operations, name in ((b"(ios\nsystem\n", "INST"), (b"(cos\nsystem\no", "REFUSED"), (b")\x81", "NEWOBJ"),
                                 (b"\x93", "STACK_GLOBAL"), (b"\x82\x01", "EXT1"), (b"P0\n", "PERSID"),
                                 (b"\x97", "NEXT_BUFFER"), (b"\x98", "READONLY_BUFFER"), (b"\x8f", "EMPTY_SET"),
                                 (b"\x96" + bytes(8), "BYTEARRAY8"), (b"\x95" + bytes(8), "FRAME"), (b"2", "DUP"),
                                 (b"I1\n", "INT"), (b"(l", "LIST"), (b"(d", "DICT")):
            with self.subTest(name):
                expected = "os.system" if name == "REFUSED" else f"the pickle operation {name},"
                self.assert_refused(one_value(operations), expected)

    def test_other_protocols_are_refused(self):
        for protocol in (3, 4, 5):
            self.assert_refused(make.zip_file(pickle.dumps({}, protocol=protocol), {}), f"pickle protocol {protocol}")

    def test_calls_of_known_names_in_other_ways_are_refused(self):
        stored = make.storage("0", 6)
        shape, strides = make.numbers((6,)), make.numbers((1,))
        start, end = make.REBUILD + b"(", b"\x89" + make.NEW_DICT
        for operations, fault in ((make.FLOAT_STORAGE + b")R", "call torch.FloatStorage"),
                                  (make.text("a") + b")R", "call a str"),
                                  (make.NEW_DICT + b")R", "call a OrderedDict"),
                                  (b"ccollections\nOrderedDict\n(]tR", "call collections.OrderedDict"),
                                  (make.REBUILD + b")R", "six arguments"),
                                  (start + make.text("a") + make.number(0) + shape + strides + end + b"tR", "not a storage"),
                                  (start + stored + b"K\x00" + shape + strides + end + b"}tR", "six arguments"),
                                  (start + stored + b"\x89" + shape + strides + end + b"tR", "integers"),
                                  (start + stored + b"K\x00" + make.text("6") + strides + end + b"tR", "integers"),
                                  (start + stored + b"K\x00" + shape + b"(\x88t" + end + b"tR", "integers"),
                                  (start + stored + b"K\x00" + shape + strides + b"\x89}tR", "hooks")):
            with self.subTest(fault):
                self.assert_refused(one_value(operations), fault)
        with_hook = make.NEW_DICT + make.text("hook") + make.NEW_DICT + b"s"
        self.assert_refused(one_tensor((6,), (1,), hooks=with_hook), "hooks, which are code")

    def test_attributes_of_other_things_are_refused(self):
        for operations in (make.tensor(make.storage("0", 6), (6,), (1,)) + b"}b", make.storage("0", 6) + b"}b", b"}}b"):
            self.assert_refused(one_value(operations), "tries to set attributes")

    def test_wrong_storages_are_refused(self):
        for operations, fault in ((make.storage("0", 6, word="module"), "not a torch.FloatStorage"),
                                  (make.storage("0", 6, kind=make.REBUILD), "not a torch.FloatStorage"),
                                  (make.storage("0", 6, kind=make.text("FloatStorage")), "not a torch.FloatStorage"),
                                  (make.storage("0", 6, more=make.text("view")), "not a torch.FloatStorage"),
                                  (make.text("0") + b"Q", "not a torch.FloatStorage"),
                                  (make.storage("0", b"\x88"), "without a key or a size"),
                                  (make.storage("0", -6), "without a key or a size"),
                                  (make.storage("0", 0), "without a key or a size"),
                                  (make.storage("0", 6) + make.storage("0", 7), "two sizes"),
                                  (make.storage("0", 6, kind=b"ctorch\nLongStorage\n"), "contains torch.LongStorage")):
            with self.subTest(fault):
                error = tensor_pickle.OtherTensorError if "LongStorage" in fault else torch_file.ModelError
                self.assert_refused(one_value(operations), fault, error)

    def test_tensors_outside_of_their_storage_are_refused(self):
        for shape, strides, offset, fault in (((7,), (1,), 0, "larger than its storage"),
                                              ((6,), (1,), 1, "larger than its storage"),
                                              ((2, 3), (4, 1), 0, "larger than its storage"),
                                              ((2**40,), (1,), 0, "larger than its storage"),
                                              ((2**62, 2**62), (2**62, 1), 0, "larger than its storage"),
                                              ((1,), (1,), 2**64, "larger than its storage"),
                                              ((6,), (1,), -1, "out of range"), ((6,), (-1,), 5, "out of range"),
                                              ((0,), (1,), 0, "out of range"), ((-6,), (1,), 0, "out of range"),
                                              ((6, 1), (1,), 0, "different numbers"),
                                              (9 * (1,), 9 * (1,), 0, "up to 8 integers")):
            with self.subTest(shape=shape, strides=strides, offset=offset):
                self.assert_refused(one_tensor(shape, strides, offset), fault)

    def test_overlaps_are_refused(self):
        # Otherwise a small file could give tensors of any size.
        for shape, strides in (((2**40,), (0,)), ((2, 2), (1, 1)), ((2, 3), (2, 1)), ((2, 2, 2), (1, 2, 1))):
            with self.subTest(shape=shape, strides=strides):
                self.assert_refused(one_tensor(shape, strides), "numbers overlap")
        twice = [(name, make.tensor(make.storage("0", 6), (4,), (1,), offset)) for name, offset in (("a", 0), ("b", 2))]
        self.assert_refused(make.zip_file(make.named(b"}", *twice), {"0": STORED["0"]}), "tensors a and b overlap")

    def test_names_are_texts_that_occur_once(self):
        weight = make.tensor(make.storage("0", 6), (6,), (1,))
        stored = {"0": STORED["0"]}
        self.assert_refused(make.zip_file(make.named(b"}", ("a", weight), ("a", weight)), stored), "contains a twice")
        self.assert_refused(make.zip_file(make.pickle(b"}K\x01" + weight + b"s"), stored), "uses a int as a key")
        self.assert_refused(make.zip_file(make.pickle(b"}(tt" + weight + b"s"), stored), "more from the stack")
        for name in ("a\nb", "\x1b[31m", "\udc80"):
            self.assert_refused(make.zip_file(make.named(b"}", (name, weight)), stored), "control characters")

    def test_tricks_with_stack_and_memo_are_refused(self):
        for operations, fault in ((b"h\x05", "recalls number 5"), (b"q\x01", "remembers something that is not there"),
                                  (b"0", "the pickle operation POP"), (b"s", "more from the stack"),
                                  (b"u", "more from the stack"), (b"(Q", "more from the stack"), (b"}}", "other than one"),
                                  (b"", "other than one"), (b"(", "other than one"), (b"]}a", "not a dict of named"),
                                  (b"}q\x01X\x01\x00\x00\x00ah\x01s", "not a dict of named"),  # A dict in itself.
                                  (b"]q\x01h\x01a", "not a dict of named"),
                                  (b"}(X\x01\x00\x00\x00au", "key without a value"),
                                  (b"}K\x01a", "adds to something that is not a list"),
                                  (b"N(u", "adds to something that is not a dict")):
            with self.subTest(operations):
                self.assert_refused(make.zip_file(make.pickle(operations), {}), fault)

    def test_deep_nesting_is_refused_without_deep_recursion(self):
        depth = 200_000
        for operations in (b")" + depth * b"\x85", depth * b"]" + (depth - 1) * b"a"):
            self.assert_refused(make.zip_file(make.pickle(operations), {}), "not a dict of named tensors")
            self.assert_refused(one_value(operations), "not a dict of named tensors")
        self.assert_refused(one_value(depth * b"("), "adds to something that is not a dict")

    def test_a_row_of_operations_without_end_is_refused(self):
        with mock.patch.object(tensor_pickle, "OPERATIONS_MAX", 1000):
            self.assert_refused(make.zip_file(make.pickle(2000 * b"N"), {}), "more than 1000 operations")

    def test_texts_longer_than_the_file_are_refused(self):
        for operations in (b"X\xff\xff\xff\xff", b"\x8d" + 8 * b"\xff", b"\x8b\xff\xff\xff\x7f", b"\x8e" + 8 * b"\x7f"):
            self.assert_refused(make.zip_file(make.pickle(operations), {}), "cut off or damaged")


if __name__ == "__main__":
    support.main()
