"""Runs scripts/chaos for a short time: workers are killed, stopped, restarted, deleted and added under load."""

import re
import subprocess
import unittest

import support

support.require_worker()

SECONDS = 15


class ChaosTest(unittest.TestCase):
    def test_every_request_ends_as_documented_while_workers_come_and_go(self):
        done = subprocess.run(
            [support.SOURCE_DIR / "scripts" / "chaos", str(SECONDS), "--model", "null", "--bin-dir",
             support.bin_dir()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=300, check=False)
        print(done.stdout, flush=True)  # It contains the seed and the counts.
        self.assertEqual(done.returncode, 0)
        self.assertGreater(int(re.search(r"(\d+) requests", done.stdout)[1]), 0)
        self.assertRegex(done.stdout, r"\d+ kill")


if __name__ == "__main__":
    support.main()
