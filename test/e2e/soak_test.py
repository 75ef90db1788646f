"""Runs scripts/soak for a short time: resident memory stays flat, with and without a network."""

import subprocess
import unittest

import support

# The allocators of sanitizers keep records of freed memory, so the growth of sanitized programs means nothing.
support.require_release_build()
support.require_worker()

# The images of the run average 11 kB, so a leak of one image per request would be eleven times the limit.
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

    def test_memory_does_not_grow_without_a_network(self):
        self.soak(5000, "null")

    def test_memory_does_not_grow_with_the_network(self):
        if support.model_is_null():
            self.skipTest("needs a network")
        self.soak(3000, support.model())


if __name__ == "__main__":
    support.main()
