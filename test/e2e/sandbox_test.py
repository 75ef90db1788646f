"""Tests that a worker confines itself before it serves, and that what it serves needs nothing it gave up.

With --sandbox-kill a worker ends at the first system call that its sandbox refuses. So a worker that has answered
everything, and then stops with status 0, was refused nothing.
"""

import concurrent.futures
import importlib.util
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

import support

support.require_worker()

EXPORT = support.SOURCE_DIR / "scripts" / "export-model"
FIXTURES = support.SOURCE_DIR / "test" / "worker" / "test_images" / "data"
IMAGE_SUFFIXES = (".jpg", ".png", ".bmp", ".webp")
CLIENTS = 8
ISOLATED = ("JPEG", "PNG", "BMP", "WebP")
PLANTED_DECODER = support.bin_dir() / "samoyed_planted_decoder"
WITH_SANITIZERS = "builds with sanitizers confine nothing"
SECCOMP_FILTER = "2"


def thread_states(pid):
    """The fields of /proc/PID/task/*/status, one dictionary for each thread."""
    states = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        states.append(dict(line.split(":\t", 1) for line in lines if ":\t" in line))
    return states


def is_running(pid):
    """False for a process that has ended, even if nobody has asked for its status yet."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def classify(dispatcher, image):
    """Returns the status and what doesn't differ from request to request: the labels and the size, or the error."""
    response = support.request(dispatcher.port, "/api/v1/classify", "POST", image,
                               {"Content-Type": "application/octet-stream"})
    answer = json.loads(response.body)
    return response.status, {name: answer[name] for name in ("labels", "width", "height", "detail") if name in answer}


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
        self.assertEqual(support.say_hello(worker.port)["sandbox"], word)

    def test_no_sandbox_confines_nothing_and_says_so(self):
        worker = self.start_null_worker("--no-sandbox")
        self.assertIn("sandbox off: --no-sandbox", worker.log.text())
        self.assertEqual({state["Seccomp"] for state in thread_states(worker.pid)}, {"0"})
        self.assertEqual(support.say_hello(worker.port)["sandbox"], "off")

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

    def test_isolated_formats_get_the_same_answers_and_are_refused_nothing(self):
        isolated = ["--isolate", ",".join(ISOLATED).lower()]
        plain = self.start_worker("--threads", "2")
        apart = self.start_worker("--threads", "2", "--sandbox-kill", *isolated)
        self.assertIn(f"decoding in separate processes: {', '.join(ISOLATED)}", apart.log.text())
        answers = []
        for worker in (plain, apart):
            dispatcher = self.start_dispatcher(workers=[worker])
            files = [support.sample_path("chelsea.png"), *sorted(FIXTURES.iterdir())]
            answers.append({file.name: classify(dispatcher, file.read_bytes())
                            for file in files if file.suffix in IMAGE_SUFFIXES})
        self.assertGreater(len(answers[0]), 30)
        self.assertEqual(answers[0], answers[1])
        apart.send(signal.SIGTERM)
        self.assertEqual(apart.wait(), 0)

    @support.needs_decoding
    def test_a_worker_survives_the_end_of_its_decoders_and_they_end_with_it(self):
        worker = self.start_worker("--threads", "2", "--isolate", "png")
        dispatcher = self.start_dispatcher(workers=[worker])
        photograph = support.sample("chelsea.png")
        before = classify(dispatcher, photograph)
        parent, = support.children(worker.pid)
        decoders = support.children(parent)
        self.assertEqual(len(decoders), 2)
        for decoder in decoders:
            os.kill(decoder, signal.SIGKILL)
        support.wait_until(lambda: not support.children(parent), "the end of the decoders")
        self.assertEqual(classify(dispatcher, photograph), before)
        # Ctrl-C reaches the whole group. The worker must still be able to finish its images.
        for process in [parent, *support.children(parent)]:
            os.kill(process, signal.SIGINT)
        self.assertEqual(classify(dispatcher, photograph), before)
        remaining = [parent, *support.children(parent)]
        worker.send(signal.SIGKILL)
        worker.wait()
        support.wait_until(lambda: not any(is_running(process) for process in remaining), "the end of the decoders")

    @support.needs_decoding
    def test_every_format_is_recognized(self):
        """Some formats are decoded in the worker, some in processes of their own."""
        dispatcher = self.start_dispatcher(workers=[self.start_worker()])
        for name in ("palette.gif", "raw.tif", "rgb.pnm", "rgb.psd", "png.ico", "rgb.dib", "rgb.tga", "rgb.avif", "rgb.heic",
                     "rgb.bmp", "lossy.webp"):
            with self.subTest(name):
                status, answer = classify(dispatcher, (FIXTURES / name).read_bytes())
                self.assertEqual(status, 200, answer)
                self.assertEqual(len(answer["labels"]), 5)

    @support.needs_decoding
    @unittest.skipIf(support.is_sanitized(), WITH_SANITIZERS)
    @unittest.skipUnless(PLANTED_DECODER.exists(), "needs the tests' decoder with a planted bug")
    def test_a_taken_over_decoder_harms_nobody(self):
        worker = self.start_worker("--threads", "1", "--sandbox-kill", "--isolate", "png", "--decoder",
                                   PLANTED_DECODER)
        dispatcher = self.start_dispatcher(workers=[worker])
        photograph = support.sample("chelsea.png")
        before = classify(dispatcher, photograph)
        attempts = {"open": "it failed", "execute": "it failed", "kill": "it failed", "read memory": "it failed",
                    "allocate": "it failed", "crash": "decoder failed", "loop": "too much processor time"}
        for word, expected in attempts.items():
            with self.subTest(word):
                image = b"\x89PNG\r\n\x1a\nplanted:" + f"{word}:{worker.pid}".encode()
                status, answer = classify(dispatcher, image)
                self.assertEqual(status, 415, answer)
                self.assertIn(expected, json.dumps(answer))
                self.assertEqual(classify(dispatcher, photograph), before)

    def test_a_missing_decoder_program_is_reported_in_one_line(self):
        worker = self.start(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model", "null", "--isolate",
                            "png", "--decoder", "/nowhere/decoder")
        self.assertNotEqual(worker.wait(), 0)
        self.assertIn("can't start /nowhere/decoder: No such file", worker.log.text())

    def test_the_two_options_exclude_each_other(self):
        worker = self.start(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model", "null", "--no-sandbox",
                            "--sandbox-kill")
        self.assertNotEqual(worker.wait(), 0)


if __name__ == "__main__":
    support.main()
