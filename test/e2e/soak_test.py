"""A short scripts/soak: resident memory stays flat, with the network and without."""

import subprocess
import unittest

import support

# Allocators keep records of sanitized programs' freed memory: their growth means nothing.
support.require_release_build()
support.require_worker()

# The images of the run have 11 kB on average: a leak of one a request would be eleven times as much.
SLOPE_KB_MAX = 1000


class SoakTest(unittest.TestCase):
    def soak(self, images, model):
        done = subprocess.run(
            [support.SOURCE_DIR / "scripts" / "soak", str(images), "--slope-max", str(SLOPE_KB_MAX),
             "--model", model, "--bin-dir", support.bin_dir()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=300, check=False)
        print(done.stdout, flush=True)
        self.assertEqual(done.returncode, 0)

    def test_nothing_grows_around_the_network(self):
        self.soak(5000, "null")

    def test_nothing_grows_with_the_network(self):
        if support.model_is_null():
            self.skipTest("needs a network")
        self.soak(3000, support.model())


if __name__ == "__main__":
    support.main()
