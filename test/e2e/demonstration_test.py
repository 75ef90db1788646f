"""The older system's two demonstrations: five threads with dead workers, and five threads with live ones."""

import collections
import json
import os
import pty
import socket
import subprocess
import unittest

import support


def closed_ports(count):
    """Returns ports on which nobody listens. It opens all of them at the same time, so that they differ, and then
    closes them."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def clientsocket(workers, *arguments):
    listed = [part for worker in workers for part in ("--worker", worker)]
    return subprocess.run([support.bin_dir() / "clientsocket", *listed, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)


class DemonstrationTest(support.ProgramTestCase):
    image = support.sample_path("chelsea.png")

    def test_five_threads_with_three_dead_workers(self):
        ports = closed_ports(3)
        done = clientsocket([f"localhost:{port}" for port in ports], "--threads", 5, "--repeat", 5,
                            self.image)
        lines = collections.Counter(done.stderr.splitlines())
        for port in ports:
            self.assertEqual(lines[f"Inactive worker: localhost {port}"], 1, done.stderr)
        self.assertEqual(lines["Error: No active worker!"], 5, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.returncode, 1)

    def test_five_threads_with_three_live_workers(self):
        workers = [self.start_worker() for _ in range(3)]
        done = clientsocket([f"localhost:{worker.port}" for worker in workers], "--threads", 5,
                            "--repeat", 5, "--json", self.image)
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), 5)
        if support.model_is_trained():
            self.assertEqual({answer["top"][0]["label"] for answer in answers}, {"Egyptian cat"})
        self.assertEqual(len({json.dumps(answer["top"]) for answer in answers}), 1)
        spread = collections.Counter(answer["worker"] for answer in answers)
        self.assertEqual(sorted(spread.values()), [1, 2, 2])
        used = collections.Counter(line for line in done.stderr.splitlines()
                                   if line.startswith("Using worker: "))
        self.assertEqual(used, {f"Using worker: localhost {worker.port}": spread[f"localhost:{worker.port}"]
                                for worker in workers})

    def test_a_dead_worker_among_live_ones_costs_no_image(self):
        dead = closed_ports(1)[0]
        live = self.start_worker()
        done = clientsocket([f"localhost:{dead}", f"localhost:{live.port}"], "--threads", 3,
                            "--repeat", 6, "--json", self.image)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({json.loads(line)["worker"] for line in done.stdout.splitlines()},
                         {f"localhost:{live.port}"})
        self.assertEqual(done.stderr.splitlines().count(f"Inactive worker: localhost {dead}"), 1)

    def test_many_images_on_a_terminal_get_a_progress_bar(self):
        worker = self.start_worker()
        terminal, program_side = pty.openpty()
        done = subprocess.Popen([support.bin_dir() / "clientsocket", "--worker", worker.address,
                                 "--repeat", "20", self.image],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=program_side,
                                text=True)
        os.close(program_side)
        results, _ = done.communicate(timeout=120)
        shown = b""
        try:
            while piece := os.read(terminal, 65536):
                shown += piece
        except OSError:
            pass  # This is how a terminal reports that its program has ended.
        finally:
            os.close(terminal)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(results.splitlines()), 20)
        self.assertIn(b"] 1/20", shown)
        self.assertIn(b"[########################################] 20/20", shown)
        self.assertNotIn(b"Using worker", shown)

    def test_help_has_examples(self):
        done = clientsocket([], "--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("clientsocket --worker localhost:8888 dog.jpg", done.stdout)

    @support.needs_decoding
    def test_errors_are_reported_for_each_file(self):
        worker = self.start_worker()
        done = clientsocket([worker.address], "--json", self.image, "/no/such/file.png", __file__)
        self.assertEqual(done.returncode, 1)
        good, missing, text = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertIn("top", good)
        self.assertIn("No such file", missing["error"])
        self.assertIn("JPEG, PNG, BMP, WebP, GIF, TIFF, AVIF, HEIC, JPEG 2000, PNM, PSD, ICO, DIB or TGA", text["error"])

    def test_wrong_arguments_are_explained(self):
        for arguments in (["--worker", "localhost"], [], ["--worker", "a:1", "--threads", "0", "x"]):
            done = clientsocket([], *arguments)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("--help", done.stderr)


if __name__ == "__main__":
    support.main()
