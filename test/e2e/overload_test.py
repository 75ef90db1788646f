"""Runs scripts/overload for a short time: excess requests are refused as documented, and the rest is still
recognized."""

import re
import subprocess
import unittest

import support

# With sanitizers, the load generator would be as slow as the programs that it has to overload.
support.require_release_build()
support.require_worker()

SECONDS = 2
# The script usually reports a ratio near 1. The limit is lower, because the machine may have other work in some of the
# steps.
RATIO_MIN = 0.5


class OverloadTest(unittest.TestCase):
    def test_goodput_holds_up_under_overload(self):
        done = subprocess.run(
            [support.SOURCE_DIR / "scripts" / "overload", str(SECONDS), "--model", support.model(),
             "--bin-dir", support.bin_dir()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=300, check=False)
        print(done.stdout, flush=True)
        self.assertEqual(done.returncode, 0, "an answer was neither a recognition nor a documented error")
        ratio = re.search(r"goodput at twice the saturation: (\S+) of its maximum", done.stdout)
        self.assertIsNotNone(ratio)
        self.assertGreaterEqual(float(ratio[1]), RATIO_MIN)


if __name__ == "__main__":
    support.main()
