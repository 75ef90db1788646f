"""Runs scripts/cluster-chaos for some of its faults: what is acknowledged ends once, and no answer is wrong."""

import re
import subprocess
import unittest

import support

from cluster.nodes import missing_requirements  # In scripts/lib, which `support` adds to the path.

support.require_worker()


class ClusterTest(unittest.TestCase):
    def check(self, *faults):
        if missing := missing_requirements():
            self.skipTest(f"needs {', '.join(missing)}")
        chosen = [word for fault in faults for word in ("--fault", fault)]
        done = subprocess.run(
            [support.SOURCE_DIR / "scripts" / "cluster-chaos", "--bin-dir", support.bin_dir(), *chosen],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=support.TEST_TIMEOUT_S, check=False)
        print(done.stdout, flush=True)  # It contains the seed and the counts.
        self.assertEqual(done.returncode, 0)
        for fault in faults:
            self.assertRegex(done.stdout, rf"\| {fault} \| 1 \|")
        self.assertGreater(int(re.search(r"(\d+) jobs done", done.stdout)[1]), 0)

    def test_jobs_end_once_when_the_store_restarts_fails_over_or_ends_connections_in_a_commit(self):
        self.check("terminate-committing", "failover", "store-restart")

    def test_the_jobs_of_a_killed_dispatcher_end_once(self):
        self.check("kill-recording")


if __name__ == "__main__":
    support.main()
