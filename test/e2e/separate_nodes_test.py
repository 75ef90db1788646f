"""Web and recognition on separate nodes: two network namespaces that are connected by a virtual wire.

The dispatcher runs in one of them, and the worker at 10.10.1.1:8888 in the other. Making them needs root.
"""

import os
import subprocess
import unittest
import uuid

import support

WORKER_ADDRESS = "10.10.1.1:8888"


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True,
                   text=True)


def can_make_namespaces():
    if os.geteuid() != 0:
        return False
    name = f"samoyed-probe-{uuid.uuid4().hex[:6]}"
    try:
        ip("netns", "add", name)
    except (OSError, subprocess.CalledProcessError):
        return False
    try:
        ip("-n", name, "link", "add", "probe", "type", "veth", "peer", "name", "other")
        return True
    except subprocess.CalledProcessError:
        return False
    finally:
        ip("netns", "del", name)


@unittest.skipUnless(can_make_namespaces(), "needs root and network namespaces")
class SeparateNodesTest(support.ProgramTestCase):
    def setUp(self):
        mark = uuid.uuid4().hex[:6]
        self.web, self.recognition = f"samoyed-web-{mark}", f"samoyed-rec-{mark}"
        for namespace in (self.web, self.recognition):
            ip("netns", "add", namespace)
            self.addCleanup(ip, "netns", "del", namespace)
        ip("-n", self.web, "link", "add", "web", "type", "veth", "peer", "name", "rec", "netns",
           self.recognition)
        for namespace, link, address in ((self.web, "web", "10.10.1.2/24"),
                                         (self.recognition, "rec", "10.10.1.1/24")):
            ip("-n", namespace, "address", "add", address, "dev", link)
            ip("-n", namespace, "link", "set", link, "up")
            ip("-n", namespace, "link", "set", "lo", "up")

    def start_in(self, namespace, program, *arguments):
        return self.start("ip", "netns", "exec", namespace, support.bin_dir() / program,
                          *arguments).wait_until_ready()

    def curl(self, dispatcher, path, *arguments):
        """Sends a request from the dispatcher's own node, and returns (status, page)."""
        done = subprocess.run(["ip", "netns", "exec", self.web, "curl", "-q", "-s", "-S", "--noproxy", "*",
                               "--max-time", "60", "-H", "Accept: text/html", "-w", "\n%{http_code}", *arguments,
                               f"http://{dispatcher.address}{path}"],
                              check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        page, status = done.stdout.rsplit("\n", 1)
        return int(status), page

    def test_a_worker_on_another_node_is_added_used_and_deleted_by_url(self):
        self.start_in(self.recognition, "samoyed-worker", "10.10.1.1", "8888", "--model",
                      support.model())
        dispatcher = self.start_in(self.web, "samoyed-dispatcher", "--port", "0")
        image = f"file=@{support.sample_path('chelsea.png')}"

        self.assertEqual(self.curl(dispatcher, "/", "-F", image)[0], 503)
        status, page = self.curl(dispatcher, f"/add/{WORKER_ADDRESS}")
        self.assertEqual(status, 200)
        self.assertIn("Add worker successful", page)
        status, page = self.curl(dispatcher, "/", "-F", image)
        self.assertEqual(status, 200, page)
        rows = support.result_rows(page)
        self.assertEqual(len(rows), 5)
        if support.model_is_trained():
            self.assertEqual(rows[0][0], "Egyptian cat")
        self.assertIn(WORKER_ADDRESS, page)
        status, page = self.curl(dispatcher, f"/del/{WORKER_ADDRESS}")
        self.assertEqual(status, 200)
        self.assertIn("Delete worker successful", page)
        self.assertEqual(self.curl(dispatcher, "/", "-F", image)[0], 503)


if __name__ == "__main__":
    support.main()
