"""The programs' life from start to end: worker lists, state, signals, foreign peers, wrong options."""

import base64
import json
import pathlib
import re
import socket
import subprocess
import tempfile
import unittest

import support


def run_program(name, *arguments):
    return subprocess.run([support.bin_dir() / name, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)


class WorkerListTest(support.ProgramTestCase):
    def test_workers_are_added_and_deleted_by_url(self):
        worker = self.start_worker()
        dispatcher = self.start_dispatcher()
        response = support.upload(dispatcher.port, support.sample("chelsea.png"))
        self.assertEqual(response.status, 503)
        self.assertIn("Error: No active worker!", response.text)
        for _ in range(2):  # Adding a worker that is already listed is not an error.
            added = support.request(dispatcher.port, f"/add/{worker.address}")
            self.assertEqual(added.status, 200)
            self.assertIn("Add worker successful", added.text)
        response = support.upload(dispatcher.port, support.sample("chelsea.png"))
        self.assertEqual(response.status, 200)
        deleted = support.request(dispatcher.port, f"/del/{worker.address}")
        self.assertEqual(deleted.status, 200)
        self.assertIn("Delete worker successful", deleted.text)
        self.assertEqual(support.request(dispatcher.port, f"/del/{worker.address}").status, 404)
        self.assertEqual(support.upload(dispatcher.port, support.sample("chelsea.png")).status, 503)

    def test_names_and_ipv6_workers_work(self):
        worker = self.start_worker(address="::1")
        dispatcher = self.start_dispatcher()
        support.request(dispatcher.port, f"/add/[::1]:{worker.port}")
        self.assertEqual(support.upload(dispatcher.port, support.sample("chelsea.png")).status, 200)
        support.request(dispatcher.port, f"/del/[::1]:{worker.port}")
        named = self.start_worker(address="localhost")
        support.request(dispatcher.port, f"/add/localhost:{named.port}")
        self.assertEqual(support.upload(dispatcher.port, support.sample("chelsea.png")).status, 200)

    def test_bad_addresses_are_refused(self):
        dispatcher = self.start_dispatcher()
        for address in ("localhost", "localhost:0", "localhost:99999", "[::1]", "a/b:80", ""):
            with self.subTest(address=address):
                self.assertIn(support.request(dispatcher.port, f"/add/{address}").status, (400, 404))

    def test_the_list_survives_a_restart_with_a_state_file(self):
        with tempfile.TemporaryDirectory() as folder:
            state = pathlib.Path(folder) / "workers"
            dispatcher = self.start_dispatcher("--state", state)
            for port in (1001, 1002, 1003):
                support.request(dispatcher.port, f"/add/localhost:{port}")
            support.request(dispatcher.port, "/del/localhost:1002")
            dispatcher.send(9)  # SIGKILL gives it no chance to save.
            dispatcher.wait()
            restarted = self.start_dispatcher("--state", state)
            page = support.request(restarted.port).text
            listed = [port for port in (1001, 1002, 1003) if f"localhost:{port}" in page]
            self.assertEqual(listed, [1001, 1003])
            # Nobody listens there. Workers that are out of rotation stay in the list, and the file is not rewritten.
            saved = state.stat()
            for port in listed:
                self.assertTrue(restarted.log.wait_for(f"removed worker localhost:{port}"))
            restarted.stop()
            self.assertEqual((state.stat().st_ino, state.stat().st_mtime_ns),
                             (saved.st_ino, saved.st_mtime_ns))
            kept = [line for line in state.read_text().splitlines() if not line.startswith("#")]
            self.assertEqual(kept, ["localhost:1001", "localhost:1003"])


class InstallTest(unittest.TestCase):
    @support.needs_worker
    def test_installed_programs_run(self):
        with tempfile.TemporaryDirectory() as prefix:
            subprocess.run(["cmake", "--install", support.bin_dir().parent, "--prefix", prefix], check=True,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            for program in ("samoyed-worker", "samoyed-dispatcher", "clientsocket"):
                done = subprocess.run([pathlib.Path(prefix) / "bin" / program, "--version"], check=True,
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
                self.assertRegex(done.stdout, r"^\d+\.\d+\.\d+$")


class UntrainedTest(support.ProgramTestCase):
    NOTICE = "The network is untrained: its labels mean nothing."

    def test_every_answer_warns_that_the_network_is_untrained(self):
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / "untrained.pth"
            subprocess.run([support.SOURCE_DIR / "scripts" / "make-untrained-model", model], check=True,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            worker = self.start(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model",
                                model).wait_until_ready()
        self.assertIn("its labels mean nothing", worker.log.text())
        dispatcher = self.start_dispatcher(workers=[worker])
        for accept in ("text/html", "text/plain"):
            page = support.upload(dispatcher.port, support.sample("coffee.png"), headers={"Accept": accept})
            self.assertIn(self.NOTICE, page.text)
        self.assertNotIn(self.NOTICE, support.request(dispatcher.port).text)
        done = run_program("clientsocket", "--worker", worker.address, "--json",
                           support.sample_path("coffee.png"))
        answer = json.loads(done.stdout)
        self.assertEqual((answer["trained"], answer["notice"]), (False, self.NOTICE))
        self.assertIn(self.NOTICE, done.stderr)

    @unittest.skipUnless(support.model_is_trained(), "needs the trained model")
    def test_a_trained_network_has_no_such_notice(self):
        dispatcher = self.start_dispatcher(workers=[self.start_worker()])
        page = support.upload(dispatcher.port, support.sample("coffee.png")).text
        self.assertNotIn("untrained", page)


class LifeTest(support.ProgramTestCase):
    @support.needs_decoding
    def test_a_worker_logs_one_line_for_each_image(self):
        worker = self.start_worker()
        dispatcher = self.start_dispatcher(workers=[worker])
        image = support.sample("chelsea.png")
        for _ in range(2):
            support.upload(dispatcher.port, image)
        line = (rf"127\.0\.0\.1:\d+: {len(image)} bytes, 451x300, .+ 0\.\d+, "
                r"queue [\d.]+ decode [\d.]+ resize [\d.]+ forward [\d.]+ ms, [\d.]+ ms$")
        support.wait_until(lambda: len(re.findall(line, worker.log.text(), re.MULTILINE)) == 2,
                           "one log line for each of two images")

    def test_idle_programs_end_immediately_on_sigterm(self):
        worker = self.start_worker()
        dispatcher = self.start_dispatcher(workers=[worker])
        support.upload(dispatcher.port, support.sample("chelsea.png"))  # Leaves an idle connection open.
        worker.stop()
        dispatcher.stop()

    def test_a_worker_finishes_its_image_before_it_ends(self):
        worker = self.start_worker()
        content = support.sample("chelsea.png")
        with socket.create_connection(("127.0.0.1", worker.port), timeout=60) as peer:
            text = base64.b64encode(content)
            peer.sendall(message(b"%d" % len(text)))
            self.assertEqual(peer.recv(1), b"A")
            peer.sendall(message(text)[:-1])
            worker.send(15)
            worker.log.wait_for("stopping")
            peer.sendall(message(text)[-1:])
            answer = b""
            while not answer.count(b":") == 5:
                piece = peer.recv(4096)
                self.assertTrue(piece, answer)
                answer += piece
            peer.sendall(b"A")
            self.assertEqual(peer.recv(1), b"")
        self.assertEqual(worker.wait(), 0)

    def test_foreign_peers_on_the_workers_port_are_dropped_immediately(self):
        worker = self.start_worker()
        for greeting in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00", b"\0" * 64):
            with self.subTest(greeting=greeting):
                with socket.create_connection(("127.0.0.1", worker.port), timeout=60) as peer:
                    peer.sendall(greeting)
                    try:
                        self.assertEqual(peer.recv(1024), b"")
                    except ConnectionResetError:
                        pass  # A reset drops the peer too: the worker didn't even read all that it sent.

    @unittest.skipIf(support.model_is_null(), "needs a model file")
    def test_failed_starts_end_with_one_helpful_line(self):
        taken = self.start_worker()
        model = support.model()
        with tempfile.TemporaryDirectory() as folder:
            damaged = pathlib.Path(folder) / "damaged.pth"
            damaged.write_bytes(b"no model")
            labels = pathlib.Path(folder) / "labels.txt"
            labels.write_text("cat\ndog\n")
            for program, arguments, words in (
                    ("samoyed-worker", ["127.0.0.1", taken.port, "--model", model], "choose"),
                    ("samoyed-worker", ["192.0.2.1", 0, "--model", model], "choose"),
                    ("samoyed-worker", ["127.0.0.1", 0, "--model", "/no/such.pth"], "/no/such.pth"),
                    ("samoyed-worker", ["127.0.0.1", 0, "--model", damaged], "damaged.pth"),
                    ("samoyed-worker", ["127.0.0.1", 0, "--model", model, "--labels", labels], "1000"),
                    ("samoyed-dispatcher", ["--port", taken.port], "choose"),
                    ("samoyed-dispatcher", ["--port", 0, "--state", damaged], "line 1"),
                    ("samoyed-dispatcher", ["--port", 0, "--worker", "nowhere"], "HOST:PORT")):
                with self.subTest(program=program, arguments=arguments):
                    done = run_program(program, *arguments)
                    self.assertNotEqual(done.returncode, 0)
                    errors = [line for line in done.stderr.splitlines() if words in line]
                    self.assertEqual(len(errors), 1, done.stderr)
                    self.assertNotIn("terminate called", done.stderr)


def message(payload):
    """A complete data message of the workers' protocol."""
    return b"D " + payload + b" %05d" % ~(sum(payload) & 0xFFF)


if __name__ == "__main__":
    support.main()
