"""Runs scripts/corpus on a few images: it tells apart the same, different, refused and unknown."""

import importlib.util
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import support

support.require_release_build()
support.require_worker()

FIXTURES = support.SOURCE_DIR / "test" / "worker" / "test_images" / "data"
RUN_TIMEOUT_S = 300


@unittest.skipUnless(importlib.util.find_spec("torchvision"), "needs python3-torchvision")
@unittest.skipIf(support.model_is_null(), "needs a network")
class CorpusTest(support.ProgramTestCase):
    def corpus(self, *arguments):
        done = subprocess.run([support.SOURCE_DIR / "scripts" / "corpus", *map(str, arguments), "--model",
                               support.model(), "--bin-dir", support.bin_dir()],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=RUN_TIMEOUT_S, check=False)
        print(done.stdout, flush=True)
        return done

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in ("rgb.png", "palette.gif", "exif_6.jpg", "exif_6.tif"):
            shutil.copy(FIXTURES / name, self.folder)

    def test_the_same_images_give_the_same_answers(self):
        (self.folder / "notes").mkdir()
        (self.folder / "notes" / "text.png").write_text("This is no image.")
        shutil.copy(FIXTURES / "grey_16bit.png", self.folder)
        done = self.corpus(self.folder)
        self.assertEqual(done.returncode, 0)
        self.assertIn("| 4 | same |", done.stdout)
        self.assertIn("| 1 | refused by both |", done.stdout)
        self.assertIn("| 1 | different: gray of more than 8 bits, which Pillow cuts off at white |", done.stdout)
        self.assertIn("\n  grey_16bit.png: ", done.stdout)

    def test_a_refused_and_a_different_image_are_named_and_fail_the_run(self):
        worker = self.start_worker("--formats", "jpeg,png,tiff", "--no-exif")
        dispatcher = self.start_dispatcher(workers=[worker])
        done = self.corpus(self.folder, "--url", f"http://127.0.0.1:{dispatcher.port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("| 1 | refused by the service only |", done.stdout)
        self.assertIn("\n  palette.gif: ", done.stdout)
        self.assertRegex(done.stdout, r"\n  exif_6\.jpg: ")

    def test_a_service_that_is_gone_fails_the_run(self):
        dispatcher = self.start_dispatcher()
        dispatcher.stop()
        done = self.corpus(self.folder, "--url", f"http://127.0.0.1:{dispatcher.port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("| 4 | no answer |", done.stdout)

    def test_a_folder_without_files_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.corpus(folder, "--url", "http://127.0.0.1:9")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there are no files in", done.stdout)


if __name__ == "__main__":
    support.main()
