"""A test case that reads model files as scripts/convert-model does, and a small honest file in both formats."""

import pathlib
import subprocess
import tempfile
import unittest

import support
import torch_file
import torch_files as make

SCRIPT = support.SOURCE_DIR / "scripts" / "convert-model"

# A weight of 2x3 numbers and a bias of 2.
STORED = {"0": make.values(6), "1": make.values(2, first=100)}


def tensor_items(more=b""):
    """The two tensors. The older format adds `more` to references to storages."""
    return (("weight", make.tensor(make.storage("0", 6, more=more), (2, 3), (3, 1))),
            ("bias", make.tensor(make.storage("1", 2, more=more), (2,), (1,))))


ZIP = make.zip_file(make.named(make.NEW_DICT, *tensor_items()), STORED)
LEGACY = make.legacy_file(make.named(make.NEW_DICT, *tensor_items(b"N")), STORED)
TENSORS = [("weight", (2, 3), STORED["0"]), ("bias", (2,), STORED["1"])]


def one_tensor(*arguments, **options):
    """A zip file whose only tensor lies in a storage of six numbers."""
    return make.zip_file(make.named(b"}", ("weight", make.tensor(make.storage("0", 6), *arguments, **options))),
                         {"0": STORED["0"]})


def one_value(operations, stored=None):
    """A zip file whose only tensor is what some operations make."""
    return make.zip_file(make.named(b"}", ("weight", operations)), {"0": STORED["0"]} if stored is None else stored)


class ModelFileTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def read(self, content):
        path = self.folder / "in.pth"
        path.write_bytes(content)
        return torch_file.read_model(path)

    def convert(self, content, *options):
        """Converts a file with the script and returns the new one's path."""
        source, out = self.folder / "in.pth", self.folder / "out.pth"
        source.write_bytes(content)
        done = subprocess.run([SCRIPT, *options, source, out], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return out

    def assert_refused(self, content, fault, error=torch_file.ModelError):
        with self.assertRaises(error) as caught:
            self.read(content)
        self.assertIn(fault, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))
