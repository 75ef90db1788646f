"""A short scripts/overload: what is too much is refused as documented, and doesn't keep the rest from being
recognized."""

import re
import subprocess
import unittest

import support

# Sanitized programs are loaded by a generator that is no faster than they are.
support.require_release_build()
support.require_worker()

SECONDS = 2
# Its figure is near 1; this one is for a machine that has other work in one step and none in another.
RATIO_MIN = 0.5


class OverloadTest(unittest.TestCase):
    def test_more_load_than_can_be_carried(self):
        done = subprocess.run(
            [support.SOURCE_DIR / "scripts" / "overload", str(SECONDS), "--model", support.model(),
             "--bin-dir", support.bin_dir()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=300, check=False)
        print(done.stdout, flush=True)
        self.assertEqual(done.returncode, 0, "an answer was neither a recognition nor documented")
        ratio = re.search(r"goodput at twice the saturation: (\S+) of its maximum", done.stdout)
        self.assertIsNotNone(ratio)
        self.assertGreaterEqual(float(ratio[1]), RATIO_MIN)


if __name__ == "__main__":
    support.main()
