#!/usr/bin/python3
"""Tests copies of scripts/fetch-model, convert-model and make-untrained-model."""

import os
import shutil
import unittest
import zipfile

from checkout import Checkout, sha256

UNTRAINED_SHA256 = "7ec6c39e5df45f2285d0afbf4f69b2023fea8136b57459e5172ba02fcad34b95"

# A curl that fetches something other than the weights, as a broken proxy does.
WRONG_DOWNLOAD = """#!/bin/sh
while [ $# -gt 1 ]; do if [ "$1" = --output ]; then echo damaged > "$2"; fi; shift; done
"""


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
        for named in (os.path.join(self.folder, "missing.pth"), self.folder, damaged):
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


if __name__ == "__main__":
    unittest.main(verbosity=2)
