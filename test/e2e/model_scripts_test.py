#!/usr/bin/python3
"""Tests copies of scripts/fetch-model, convert-model and make-untrained-model."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import unittest
import zipfile

SOURCE = os.environ.get("SAMOYED_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get("SAMOYED_SHARED_DIR", "")
TORCH = importlib.util.find_spec("torch") is not None
UNTRAINED_SHA256 = "7ec6c39e5df45f2285d0afbf4f69b2023fea8136b57459e5172ba02fcad34b95"

NO_DOWNLOAD = "#!/bin/sh\nexit 6\n"
# A curl that fetches something other than the weights, as a broken proxy does.
WRONG_DOWNLOAD = """#!/bin/sh
while [ $# -gt 1 ]; do if [ "$1" = --output ]; then echo damaged > "$2"; fi; shift; done
"""


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Checkout(unittest.TestCase):
    """A folder `checkout` with only the scripts, and the test's own curl. There is no `shared` next to it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.top = os.path.join(self.folder, "checkout")
        os.makedirs(os.path.join(self.top, "scripts"))
        for name in ("fetch-model", "convert-model", "make-untrained-model"):
            shutil.copy(os.path.join(SOURCE, "scripts", name), os.path.join(self.top, "scripts"))
        self.trained = self.path("models", "squeezenet1_1.pth")
        self.untrained = self.path("models", "untrained.pth")
        self.set_curl(NO_DOWNLOAD)

    def path(self, *names):
        return os.path.join(self.top, *names)

    def set_curl(self, text):
        os.makedirs(os.path.join(self.folder, "bin"), exist_ok=True)
        curl = os.path.join(self.folder, "bin", "curl")
        with open(curl, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(curl, 0o755)

    def run_script(self, name, *arguments, model=None):
        environment = dict(os.environ, PATH=os.path.join(self.folder, "bin") + ":" + os.environ["PATH"])
        environment.pop("SAMOYED_MODEL", None)
        if model is not None:
            environment["SAMOYED_MODEL"] = model
        return subprocess.run([self.path("scripts", name), *arguments], env=environment,
                              capture_output=True, text=True, timeout=300, check=False)

    def fetch(self, **options):
        """Runs fetch-model and returns the path that it prints last."""
        done = self.run_script("fetch-model", **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()[-1]

    def make_plain(self, path):
        """Makes a small plain model with its own values: an untrained one without its marker."""
        self.assertEqual(self.run_script("make-untrained-model", path).returncode, 0)
        with open(path, "rb") as file:
            data = file.read()
        with zipfile.ZipFile(path) as archive:
            entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
        with zipfile.ZipFile(path, "w") as archive:
            for entry, content in entries:
                archive.writestr(entry, content.replace(b"samoyed.untrained", b"samoyed.something"))
        self.assertNotEqual(sha256(path), hashlib.sha256(data).hexdigest())

    def assert_only_models(self, *names):
        self.assertEqual(sorted(os.listdir(self.path("models"))), sorted(names))


class MakeUntrainedModel(Checkout):
    def test_makes_the_same_bytes_everywhere(self):
        self.assertEqual(self.run_script("make-untrained-model").returncode, 0)
        self.assertEqual(sha256(self.untrained), UNTRAINED_SHA256)

    def test_names_a_folder_that_cannot_be_written(self):
        done = self.run_script("make-untrained-model", "/proc/nowhere/m.pth")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("/proc/nowhere", done.stderr)


class FetchModel(Checkout):
    def test_without_any_source_it_makes_the_untrained_model_and_reports_it(self):
        done = self.run_script("fetch-model")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout, self.untrained + "\n")
        self.assertEqual(sha256(self.untrained), UNTRAINED_SHA256)
        self.assertIn("labels mean nothing", done.stderr)
        self.assert_only_models("untrained.pth")

    def test_a_wrong_download_is_reported_and_leaves_nothing_behind(self):
        self.set_curl(WRONG_DOWNLOAD)
        done = self.run_script("fetch-model")
        self.assertEqual(done.stdout, self.untrained + "\n")
        self.assertIn("sha256", done.stderr)
        self.assert_only_models("untrained.pth")

    def test_after_making_the_untrained_model_the_next_run_tries_again(self):
        self.assertEqual(self.fetch(), self.untrained)
        self.make_plain(os.path.join(self.folder, "shared", "models", "squeezenet1_1.pth"))
        self.assertEqual(self.fetch(), self.trained)

    def test_the_shared_model_is_preferred_to_a_download(self):
        self.set_curl("#!/bin/sh\ntouch \"$0.used\"\nexit 6\n")
        shared = os.path.join(self.folder, "shared", "models", "squeezenet1_1.pth")
        self.make_plain(shared)
        self.assertEqual(self.fetch(), self.trained)
        self.assertEqual(sha256(self.trained), sha256(shared))
        self.assertFalse(os.path.exists(os.path.join(self.folder, "bin", "curl.used")))

    def test_a_damaged_shared_model_is_not_used(self):
        shared = os.path.join(self.folder, "shared", "models", "squeezenet1_1.pth")
        self.make_plain(shared)
        with open(shared, "r+b") as file:
            file.seek(100_000)
            file.write(b"damage")
        self.assertEqual(self.fetch(), self.untrained)
        self.assert_only_models("untrained.pth")

    def test_an_existing_model_is_used_unchanged(self):
        self.make_plain(self.trained)
        before = os.stat(self.trained)
        self.assertEqual(self.fetch(), self.trained)
        self.assertEqual(os.stat(self.trained).st_mtime_ns, before.st_mtime_ns)

    def test_the_named_model_replaces_an_existing_one(self):
        self.make_plain(self.trained)
        named = os.path.join(self.folder, "named model.pth")
        self.make_plain(named)
        with zipfile.ZipFile(named, "a") as archive:
            archive.writestr("untrained/another", "one")
        self.assertEqual(self.fetch(model=named), self.trained)
        self.assertEqual(sha256(self.trained), sha256(named))

    def test_a_named_untrained_model_does_not_replace_the_trained_one(self):
        named = os.path.join(self.folder, "named.pth")
        self.assertEqual(self.run_script("make-untrained-model", named).returncode, 0)
        self.assertEqual(self.fetch(model=named), named)
        self.assert_only_models()

    def test_a_named_model_that_cannot_be_used_is_an_error(self):
        self.make_plain(self.trained)
        before = sha256(self.trained)
        damaged = os.path.join(self.folder, "damaged.pth")
        with open(self.trained, "rb") as whole, open(damaged, "wb") as file:
            file.write(whole.read()[:100_000])
        # Only PyTorch can tell that a zip is cut off, and it may not be installed here.
        names = [os.path.join(self.folder, "missing.pth"), self.folder]
        if TORCH:
            names.append(damaged)
        for named in names:
            with self.subTest(named):
                done = self.run_script("fetch-model", model=named)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stdout, "")
                self.assertIn(named, done.stderr)
                self.assertEqual(sha256(self.trained), before)


class ConvertModel(Checkout):
    def test_a_plain_model_is_copied(self):
        source = os.path.join(self.folder, "in.pth")
        self.make_plain(source)
        done = self.run_script("convert-model", source, self.trained)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sha256(source), sha256(self.trained))

    def test_an_unusable_input_is_a_one_line_error_and_leaves_the_output_alone(self):
        out = self.path("models", "out.pth")
        self.make_plain(out)
        before = sha256(out)
        damaged = os.path.join(self.folder, "damaged.pth")
        shutil.copy(out, damaged)
        with open(damaged, "r+b") as file:
            file.seek(100_000)
            file.write(b"damage")
        no_model = os.path.join(self.folder, "no_model.pth")
        with zipfile.ZipFile(no_model, "w") as archive:
            archive.writestr("a.txt", "text")
        for source in (os.path.join(self.folder, "missing.pth"), damaged, no_model):
            with self.subTest(source):
                done = self.run_script("convert-model", source, out)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(source, done.stderr)
                self.assertEqual(sha256(out), before)
        self.assert_only_models("out.pth")

    @unittest.skipUnless(SHARED, "needs ../shared, which is missing")
    @unittest.skipUnless(TORCH, "needs python3-torch, which the script would install")
    def test_torchvisions_own_files_become_plain(self):
        for kind in ("torchvision", "legacy"):
            with self.subTest(kind):
                out = self.path("models", kind + ".pth")
                source = os.path.join(SHARED, "models", f"squeezenet1_1-{kind}.pth")
                done = self.run_script("convert-model", source, out)
                self.assertEqual(done.returncode, 0, done.stderr)
                # The weights are those of the plain file in ../shared, entry by entry.
                plain = os.path.join(SHARED, "models", "squeezenet1_1.pth")
                self.assertEqual(self.tensor_bytes(out), self.tensor_bytes(plain))
                # A second conversion finds a plain file, and so needs no PyTorch.
                self.assertEqual(self.run_script("convert-model", out, out + "2").returncode, 0)
                self.assertEqual(sha256(out), sha256(out + "2"))

    @staticmethod
    def tensor_bytes(path):
        with zipfile.ZipFile(path) as archive:
            return {name.split("/", 1)[1]: archive.read(name)
                    for name in archive.namelist() if "/data/" in name}


if __name__ == "__main__":
    unittest.main(verbosity=2)
