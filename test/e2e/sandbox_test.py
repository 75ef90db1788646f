"""Tests that a worker confines itself before it serves, and that what it serves needs nothing it gave up.

With --sandbox-kill a worker ends at the first system call that its sandbox refuses. So a worker that has answered
everything, and then stops with status 0, was refused nothing.
"""

import concurrent.futures
import importlib.util
import json
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest

import support

support.require_worker()

EXPORT = support.SOURCE_DIR / "scripts" / "export-model"
FIXTURES = support.SOURCE_DIR / "test" / "worker" / "test_images" / "data"
IMAGE_SUFFIXES = (".jpg", ".png", ".bmp", ".webp")
CLIENTS = 8
WITH_SANITIZERS = "builds with sanitizers confine nothing"
SECCOMP_FILTER = "2"


def thread_states(pid):
    """The fields of /proc/PID/task/*/status, one dictionary for each thread."""
    states = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        states.append(dict(line.split(":\t", 1) for line in lines if ":\t" in line))
    return states


def say_hello(port):
    """Returns the worker's reply to hello."""
    with socket.create_connection(("127.0.0.1", port), support.HTTP_TIMEOUT_S) as connection:
        connection.sendall(b"D hello -0533")
        text = b""
        while not re.search(rb" -\d{4}$", text):
            text += connection.recv(4096)
        return json.loads(text[2:-6])


class ConfinedTest(support.ProgramTestCase):
    def metrics_port(self, worker):
        return int(re.search(r"metrics on http://127\.0\.0\.1:(\d+)/metrics", worker.log.text())[1])

    @unittest.skipIf(support.is_sanitized(), WITH_SANITIZERS)
    def test_all_threads_are_confined_before_the_worker_listens(self):
        worker = self.start_worker("--threads", "2")
        states = thread_states(worker.pid)
        self.assertGreater(len(states), 2)
        for state in states:
            self.assertEqual((state["Seccomp"], state["NoNewPrivs"]), (SECCOMP_FILTER, "1"), state["Name"])
            self.assertEqual({int(state[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")}, {0})
        limits = pathlib.Path(f"/proc/{worker.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        word = re.search(r"sandbox (full|partial): .*only the system calls of serving", worker.log.text())[1]
        self.assertEqual(say_hello(worker.port)["sandbox"], word)

    def test_no_sandbox_confines_nothing_and_says_so(self):
        worker = self.start_null_worker("--no-sandbox")
        self.assertIn("sandbox off: --no-sandbox", worker.log.text())
        self.assertEqual({state["Seccomp"] for state in thread_states(worker.pid)}, {"0"})
        self.assertEqual(say_hello(worker.port)["sandbox"], "off")

    def serve_under_kill(self, *arguments, **other):
        """Sends each fixture, then photographs from many clients, and reads metrics. Nothing may end the worker."""
        worker = self.start_worker("--sandbox-kill", "--metrics-port", "0", *arguments, **other)
        dispatcher = self.start_dispatcher(workers=[worker])
        fixtures = sorted(file for file in FIXTURES.iterdir() if file.suffix in IMAGE_SUFFIXES)
        self.assertGreater(len(fixtures), 30)
        for file in fixtures:
            self.assertIn(support.upload(dispatcher.port, file.read_bytes()).status, (200, 415), file.name)
        photograph = support.sample("chelsea.png")
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
            answers = list(clients.map(lambda _: support.upload(dispatcher.port, photograph).status,
                                       range(3 * CLIENTS)))
        self.assertEqual(set(answers), {200})
        metrics = support.request(self.metrics_port(worker), "/metrics").text
        for name in ("process_resident_memory_bytes", "process_open_fds"):
            self.assertGreater(float(re.search(rf"^{name} (\S+)$", metrics, re.MULTILINE)[1]), 0)
        worker.send(signal.SIGTERM)
        self.assertEqual(worker.wait(), 0)

    def test_a_confined_worker_is_refused_nothing_with_one_and_two_threads(self):
        for threads in ("1", "2"):
            with self.subTest(threads=threads):
                self.serve_under_kill("--threads", threads)

    @unittest.skipUnless(importlib.util.find_spec("torchvision"), "needs python3-torchvision")
    @unittest.skipIf(support.is_sanitized(), WITH_SANITIZERS)
    def test_exported_networks_are_refused_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("resnet18", "vit_b_16"):
                archive = pathlib.Path(folder) / f"{name}.pt"
                subprocess.run(["/usr/bin/python3", EXPORT, name, "--seed", "1", "--output", archive], check=True,
                               stdout=subprocess.DEVNULL)
                with self.subTest(name):
                    self.serve_under_kill("--threads", "2", model=archive)

    def test_the_two_options_exclude_each_other(self):
        worker = self.start(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model", "null", "--no-sandbox",
                            "--sandbox-kill")
        self.assertNotEqual(worker.wait(), 0)


if __name__ == "__main__":
    support.main()
