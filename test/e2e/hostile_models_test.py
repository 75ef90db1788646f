#!/usr/bin/python3
"""Tests that damaged model files, and files that lie about their sizes, are refused."""

import io
import struct
import warnings
import zipfile
from unittest import mock

import support
import tensor_pickle
import torch_file
import torch_files as make
from model_file_case import LEGACY, STORED, ZIP, ModelFileTest, one_value, tensor_items


class HostileFiles(ModelFileTest):
    def test_every_cut_is_refused(self):
        for whole in (ZIP, LEGACY):
            for size in range(len(whole)):
                with self.assertRaises(torch_file.ModelError, msg=size):
                    self.read(whole[:size])

    def test_every_changed_byte_is_refused_or_changes_no_more_than_names_and_numbers(self):
        for whole in (ZIP, LEGACY):
            for place in range(len(whole)):
                changed = bytearray(whole)
                changed[place] ^= 0xff
                try:
                    tensors = list(self.read(bytes(changed)).tensors())
                except (torch_file.ModelError, tensor_pickle.OtherTensorError):
                    continue
                self.assertEqual([shape for _, shape, _ in tensors], [(2, 3), (2,)], place)

    def test_other_files_are_refused(self):
        for content in (b"", b"text", b"\x89PNG\r\n", b"\x80\x02}q\x00.", b"\x80\x04N."):
            self.assert_refused(content, "not a PyTorch model file")

    def test_a_file_that_is_too_large_is_not_read(self):
        with mock.patch.object(torch_file, "FILE_BYTES_MAX", 100):
            self.assert_refused(ZIP, "larger than")

    def test_a_checkpoint_is_no_dict_of_tensors(self):
        nested = make.named(b"}", ("state_dict", b"}(" + b"".join(make.text(name) + value for name, value in tensor_items()) + b"u"))
        self.assert_refused(make.zip_file(nested, STORED), "expected the state_dict")
        self.assert_refused(make.zip_file(make.pickle(b"}"), {}), "expected the state_dict")


class HostileArchives(ModelFileTest):
    PICKLE = make.named(make.NEW_DICT, *tensor_items())

    def test_compressed_entries_are_refused(self):
        file = io.BytesIO(ZIP)
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("net/data/bomb", bytes(10_000_000))
        self.assertLess(len(file.getvalue()), 100_000)
        self.assert_refused(file.getvalue(), "net/data/bomb is compressed")

    def directory(self, content, name):
        """The place of an entry in the archive's directory."""
        return content.rindex(name.encode()) - 46

    def patched(self, name, offset, value):
        """The archive with two or four bytes of an entry's row in the directory changed."""
        content = bytearray(ZIP)
        start = self.directory(content, name) + offset
        content[start:start + len(value)] = value
        return bytes(content)

    def test_encrypted_entries_are_refused(self):
        self.assert_refused(self.patched("net/data/0", 8, b"\x01\x00"), "encrypted")

    def test_entries_at_one_place_are_refused(self):
        with zipfile.ZipFile(io.BytesIO(ZIP)) as archive:
            offset = archive.getinfo("net/data/1").header_offset
        self.assert_refused(self.patched("net/data/0", 42, struct.pack("<I", offset)), "overlaps another")

    def test_entries_outside_of_the_file_are_refused(self):
        for size in (100_000, 2**32 - 2):
            sizes = 2 * struct.pack("<I", size)
            self.assert_refused(self.patched("net/version", 20, sizes), "lies outside of the file")
        self.assert_refused(self.patched("net/version", 42, struct.pack("<I", 2**31)), "has no header")

    def test_entries_with_two_sizes_are_refused(self):
        self.assert_refused(self.patched("net/data/0", 20, struct.pack("<I", 20)), "has two sizes")

    def test_damaged_entries_are_refused(self):
        self.assert_refused(ZIP.replace(STORED["0"], bytes(24)), "net/data/0 is damaged")
        self.assert_refused(ZIP.replace(b"3\n", b"4\n"), "net/version is damaged")

    def test_entries_with_one_name_are_refused(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            twice = make.zip_file(self.PICKLE, STORED, extra=[("net/data/0", STORED["0"])])
        self.assert_refused(twice, "net/data/0 is there twice")

    def test_too_many_entries_are_refused(self):
        with mock.patch.object(torch_file, "ENTRIES_MAX", 3):
            self.assert_refused(ZIP, "more than 3 entries")

    def test_storages_have_the_size_that_the_pickle_says(self):
        self.assert_refused(make.zip_file(self.PICKLE, {"0": STORED["0"]}), "storage 1 is missing")
        for size in (0, 23, 25, 48):
            self.assert_refused(make.zip_file(self.PICKLE, {**STORED, "0": bytes(size)}), f"has {size} bytes instead of")
        huge = make.tensor(make.storage("0", 2**62), (6,), (1,))
        self.assert_refused(one_value(huge), "has 24 bytes instead of")

    def test_archives_without_one_pickle_are_refused(self):
        self.assert_refused(make.zip_file(self.PICKLE, STORED, extra=[("other/data.pkl", self.PICKLE)]), "or several")
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a.txt", "text")
        self.assert_refused(file.getvalue(), "no data.pkl")

    def test_big_endian_numbers_are_refused(self):
        self.assert_refused(make.zip_file(self.PICKLE, STORED, extra=[("net/byteorder", b"big")]), "big-endian")
        self.read(make.zip_file(self.PICKLE, STORED, extra=[("net/byteorder", b"little")]))


class HostileLegacyFiles(ModelFileTest):
    PICKLE = make.named(make.NEW_DICT, *tensor_items(b"N"))

    def test_what_follows_the_last_storage_is_refused(self):
        self.assert_refused(LEGACY + b"\x00", "more than its tensors")

    def test_storages_have_the_size_that_the_pickle_says(self):
        for size in (0, 5, 7, -1, 2**62):
            self.assert_refused(make.legacy_file(self.PICKLE, STORED, sizes={"0": size, "1": 2}), "storage 0 has another size")

    def test_the_list_of_storages_is_that_of_the_tensors(self):
        for keys in ([], ["0"], ["0", "1", "1"], ["0", "0"], ["0", "1", "2"]):
            self.assert_refused(make.legacy_file(self.PICKLE, STORED, keys=keys), "list of storages")

    def test_other_versions_and_machines_are_refused(self):
        self.assert_refused(make.legacy_file(self.PICKLE, STORED, version=1002), "unknown version")
        self.assert_refused(make.legacy_file(self.PICKLE, STORED, little_endian=b"\x89"), "big-endian")


if __name__ == "__main__":
    support.main()
