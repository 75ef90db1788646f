#!/usr/bin/python3
"""Tests that scripts/convert-model reads the files of torch.save as PyTorch does, in both formats."""

import collections
import hashlib
import importlib.util
import io
import struct
import subprocess
import unittest
import warnings
import zipfile

import support
import tensor_pickle
import torch_file
import torch_files as make
from model_file_case import LEGACY, STORED, TENSORS, ZIP, ModelFileTest, tensor_items

TORCH = importlib.util.find_spec("torch") is not None


class HonestFiles(ModelFileTest):
    def test_both_formats_give_the_same_tensors_and_the_same_plain_file(self):
        digests = set()
        for content in (ZIP, LEGACY):
            model = self.read(content)
            self.assertFalse(model.is_plain)
            self.assertEqual(list(model.tensors()), TENSORS)
            plain = self.convert(content).read_bytes()
            digests.add(hashlib.sha256(plain).hexdigest())
            again = self.read(plain)
            self.assertTrue(again.is_plain)
            self.assertEqual(list(again.tensors()), TENSORS)
            self.assertEqual(self.convert(plain).read_bytes(), plain)
        self.assertEqual(len(digests), 1)

    def test_attributes_of_an_ordered_dict_are_dropped(self):
        attributes = b"}" + make.text("_metadata") + make.NEW_DICT + b"sb"
        dict_with_attributes = make.named(make.NEW_DICT, *tensor_items())[:-1] + attributes + make.STOP
        self.assertEqual(list(self.read(make.zip_file(dict_with_attributes, STORED)).tensors()), TENSORS)

    def test_parts_of_storages_are_read_in_the_order_of_their_dimensions(self):
        stored = make.values(24)
        numbers = struct.unpack("<24f", stored)
        for shape, strides, offset, wanted in (
                ((3, 2), (1, 3), 0, [numbers[i] for i in (0, 3, 1, 4, 2, 5)]),
                ((2, 2), (12, 5), 1, [numbers[i] for i in (1, 6, 13, 18)]),
                ((2, 1, 3), (3, 999, 1), 18, numbers[18:24]),
                ((4,), (6,), 0, numbers[0:24:6]),
                ((), (), 23, [numbers[23]])):
            with self.subTest(shape=shape, strides=strides):
                view = make.tensor(make.storage("0", 24), shape, strides, offset)
                model = self.read(make.zip_file(make.named(b"}", ("weight", view)), {"0": stored}))
                self.assertEqual(list(model.tensors()), [("weight", shape, struct.pack(f"<{len(wanted)}f", *wanted))])

    def test_two_parts_of_one_storage_may_touch(self):
        halves = [(name, make.tensor(make.storage("0", 6), (3,), (1,), offset)) for name, offset in (("b", 3), ("a", 0))]
        model = self.read(make.zip_file(make.named(b"}", *halves), {"0": STORED["0"]}))
        self.assertEqual([data for _, _, data in model.tensors()], [STORED["0"][12:], STORED["0"][:12]])

    def test_a_checksum_of_zero_was_not_computed(self):
        content = bytearray(ZIP)
        checksum = struct.pack("<I", zipfile.crc32(STORED["0"]))
        self.assertEqual(content.count(checksum), 2)
        self.assertEqual(list(self.read(bytes(content).replace(checksum, bytes(4))).tensors()), TENSORS)

    def test_a_place_of_the_memo_takes_no_memory(self):
        far = make.named(b"}r\xff\xff\xff\xff", *tensor_items())
        self.assertEqual(list(self.read(make.zip_file(far, STORED)).tensors()), TENSORS)

    @unittest.skipUnless(support.shared_dir(), "needs ../shared, which is missing")
    def test_torchvisions_own_files_become_the_plain_file_of_shared(self):
        models = support.shared_dir() / "models"
        wanted = list(torch_file.read_model(models / "squeezenet1_1.pth").tensors())
        self.assertEqual(len(wanted), 52)
        for kind in ("torchvision", "legacy"):
            with self.subTest(kind):
                plain = self.convert((models / f"squeezenet1_1-{kind}.pth").read_bytes())
                self.assertEqual(list(torch_file.read_model(plain).tensors()), wanted)

    def test_an_untrained_model_is_plain(self):
        path = self.folder / "untrained.pth"
        subprocess.run([support.SOURCE_DIR / "scripts" / "make-untrained-model", path], check=True)
        self.assertTrue(torch_file.read_model(path).is_plain)


@unittest.skipUnless(TORCH, "needs python3-torch")
class AsPyTorch(ModelFileTest):
    """Files that PyTorch writes and reads give the same tensors through both."""

    def save(self, tensors, is_zip):
        import torch
        file = io.BytesIO()
        torch.save(tensors, file, _use_new_zipfile_serialization=is_zip)
        return file.getvalue()

    def load(self, path):
        import torch
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path)

    def assert_same(self, loaded, wanted):
        self.assertIs(type(loaded), dict)
        self.assertEqual(list(loaded), list(wanted))
        for name, value in wanted.items():
            self.assertEqual((loaded[name].dtype, loaded[name].shape), (value.dtype, value.shape))
            self.assertTrue(loaded[name].is_contiguous())
            self.assertEqual(loaded[name].numpy().tobytes(), value.detach().numpy().tobytes())

    def test_a_networks_weights(self):
        import torch
        network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Linear(8, 5))
        network.to(memory_format=torch.channels_last)
        for is_zip in (True, False):
            with self.subTest(is_zip=is_zip):
                out = self.convert(self.save(network.state_dict(), is_zip))
                self.assert_same(self.load(out), network.state_dict())

    def test_parts_of_other_tensors(self):
        import torch
        whole = torch.randn(4, 6)
        tensors = collections.OrderedDict(part=whole[1:3, ::2], other=torch.randn(5, 7).t(), scalar=torch.tensor(2.5))
        for is_zip in (True, False):
            with self.subTest(is_zip=is_zip):
                self.assert_same(self.load(self.convert(self.save(tensors, is_zip))), tensors)

    def test_other_types_need_the_option_torch(self):
        import torch
        half = {"weight": torch.randn(3, 3).half()}
        for is_zip in (True, False):
            content = self.save(half, is_zip)
            self.assert_refused(content, "contains torch.HalfStorage", tensor_pickle.OtherTensorError)
            self.assert_same(self.load(self.convert(content, "--torch")), {"weight": half["weight"].float()})
        self.assert_refused(self.save(dict(torch.nn.Linear(2, 2).named_parameters()), True), "_rebuild_parameter",
                            tensor_pickle.OtherTensorError)


if __name__ == "__main__":
    support.main()
