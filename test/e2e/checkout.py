"""A copy of the scripts that provide models, for tests that run them."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import unittest
import zipfile

SOURCE = os.environ.get("SAMOYED_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

NO_DOWNLOAD = "#!/bin/sh\nexit 6\n"


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
        os.makedirs(os.path.join(self.top, "scripts", "lib"))
        for name in ("plain_model.py", "tensor_pickle.py", "torch_file.py"):
            shutil.copy(os.path.join(SOURCE, "scripts", "lib", name), os.path.join(self.top, "scripts", "lib"))
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

    def run_script(self, name, *arguments, model=None, variables=None):
        """Runs a script with the environment of the tests and further `variables`, but without a proxy."""
        environment = {variable: value for variable, value in os.environ.items()
                       if not variable.startswith("SAMOYED_MODEL") and not variable.lower().endswith("_proxy")}
        environment["PATH"] = os.path.join(self.folder, "bin") + ":" + os.environ["PATH"]
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        if model is not None:
            environment["SAMOYED_MODEL"] = model
        environment.update(variables or {})
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
