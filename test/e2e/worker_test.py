"""Tests one worker through raw sockets: how it stops, and that its options take effect."""

import base64
import json
import os
import signal
import socket
import struct
import unittest
import zlib

import support

support.require_worker()

TIMEOUT_S = 60


def message(payload):
    """A data message; see src/protocol/PROTOCOL.md."""
    return b"D " + payload + b" " + b"%05d" % ~(sum(payload) & 0xFFF)


class Client:
    """A peer of a worker."""

    def __init__(self, worker):
        self._socket = socket.create_connection(("127.0.0.1", worker.port), TIMEOUT_S)

    def send(self, data):
        self._socket.sendall(data)

    def receive(self, size):
        """Receives that many bytes, or fewer if the worker closes the connection."""
        data = b""
        while len(data) < size and (more := self._socket.recv(size - len(data))):
            data += more
        return data

    def announce(self, image):
        """Sends the size and receives its A. Returns the image's message, which is not sent yet."""
        text = base64.b64encode(image)
        self.send(message(b"%d" % len(text)))
        assert self.receive(1) == b"A"
        return message(text)

    def finish(self, rest):
        """Sends the rest of the image and returns the result."""
        self.send(rest)
        assert self.receive(1) == b"A"
        result = self.receive_text()
        self.send(b"A")
        return result

    def hello(self):
        """Begins the extended dialect, and returns what the worker says about itself."""
        self.send(message(b"hello"))
        return json.loads(self.receive_text())

    def receive_text(self):
        """Receives a data message and returns its payload."""
        result = self.receive(8)
        while not (result[-6:-4] == b" -" and result[-4:].isdigit()):
            if not (more := self.receive(1)):
                raise AssertionError(f"the worker ended after {result}")
            result += more
        return result[2:-6].decode()

    def recognize(self, image):
        return self.finish(self.announce(image))

    def close(self):
        self._socket.close()


def thread_count(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


class WorkerTest(support.ProgramTestCase):
    def connect(self, worker):
        client = Client(worker)
        self.addCleanup(client.close)
        return client

    def start_null_worker(self, *arguments):
        return self.start(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model", "null",
                          *arguments).wait_until_ready()

    def stop_under_way(self, signal_number, *arguments):
        """Starts a worker and signals it to stop in the middle of an image. Returns (worker, client, rest of the
        image)."""
        worker = self.start_null_worker(*arguments)
        client = self.connect(worker)
        image = client.announce(b"image")
        client.send(image[:6])
        worker.send(signal_number)
        self.assertTrue(worker.log.wait_for("stopping"))
        return worker, client, image[6:]

    def test_a_stopping_worker_finishes_its_images(self):
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            worker, client, rest = self.stop_under_way(signal_number)
            self.assertIn(":0.", client.finish(rest))
            self.assertEqual(worker.wait(), 0)

    def test_images_beyond_the_drain_timeout_are_cut(self):
        worker, client, _ = self.stop_under_way(signal.SIGTERM, "--drain-timeout-ms", "100")
        self.assertEqual(worker.wait(), 0)
        self.assertEqual(client.receive(1), b"")
        self.assertIn("exchanges are still in progress", worker.log.text())

    def test_a_second_signal_ends_a_worker_immediately(self):
        for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT),
                              (signal.SIGINT, signal.SIGINT)):
            worker, _, _ = self.stop_under_way(first, "--drain-timeout-ms", "3600000")
            worker.send(second)
            self.assertEqual(worker.wait(), -second)

    @unittest.skipIf(support.is_sanitized(), "sanitizers reserve terabytes of addresses")
    def test_a_worker_with_too_little_address_space_says_so_and_ends(self):
        for mebibytes in (650, 700, 900, 1050):
            with self.subTest(mebibytes):
                worker = self.start("bash", "-c", f'ulimit -v {mebibytes << 10}; exec "$@"', "bash",
                                    support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model", "null")
                self.assertEqual(worker.wait(), 1, worker.report())
                self.assertRegex(worker.log.text(), r"\A[^\n]*RLIMIT_AS[^\n]*\n?\Z")

    @unittest.skipIf(support.model_is_null(), "needs a model that decodes")
    def test_limits_on_images_reach_the_decoder(self):
        image = support.sample("chelsea.png")  # 451x300 pixels
        for option, enough, too_little, reason in (
                ("--image-pixels-max", 451 * 300, 451 * 300 - 1, "too many pixels"),
                ("--image-side-px-max", 451, 450, "too many pixels"),
                ("--decode-memory-bytes-max", 8_000_000, 451 * 300 * 3, "too many pixels"),
                ("--image-bytes-max", len(image), len(image) - 1, "too large")):
            with self.subTest(option):
                self.assertIn(":0.", self.connect(self.start_worker(option, enough)).recognize(image))
                refusing = self.connect(self.start_worker(option, too_little))
                self.assertEqual(refusing.recognize(image), f"error:{reason}")

    @unittest.skipIf(support.model_is_null(), "needs a model that decodes")
    def test_a_truncated_image_is_refused_or_accepted_as_configured(self):
        image = support.sample("chelsea.png")
        cut = image[:len(image) * 3 // 4]
        self.assertEqual(self.connect(self.start_worker("--truncated", "refuse")).recognize(cut), "error:unreadable")
        accepting = self.start_worker("--truncated", "accept")
        self.assertIn(":0.", self.connect(accepting).recognize(cut))
        client = self.connect(accepting)
        client.hello()
        self.assertIs(json.loads(client.recognize(cut))["truncated"], True)
        client = self.connect(accepting)
        client.hello()
        self.assertNotIn("truncated", json.loads(client.recognize(image)))

    @unittest.skipIf(support.model_is_null(), "needs a model that decodes")
    def test_an_image_that_takes_too_long_is_refused(self):
        slow = self.start_worker("--decode-cpu-ms-max", 1)
        # Rows of zeros, interlaced or not, inflate from 1000 times fewer bytes.
        rows = zlib.compress(bytes(4096 * (4096 * 3 + 1)), 9)

        def chunk(kind, body):
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

        image = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4096, 4096, 8, 2, 0, 0, 0))
                 + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
        self.assertEqual(self.connect(slow).recognize(image), "error:too slow")
        self.assertIn(":0.", self.connect(self.start_worker()).recognize(image))

    @support.needs_decoding
    def test_no_library_starts_threads_of_its_own(self):
        image = support.sample("chelsea.png")
        for threads in (1, 2, 4):
            with self.subTest(threads=threads):
                # OpenMP and a BLAS start a pool for each thread of ours that first uses them.
                worker = self.start(
                    support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model", support.model(), "--threads",
                    threads, env={"OMP_NUM_THREADS": "8", "OPENBLAS_NUM_THREADS": "8"}).wait_until_ready()
                # One network thread, one for the log, the recognizer threads, and one that helps a model with a lone
                # image.
                ours = 2 + threads + (threads > 1 and not support.model_is_null())
                self.assertEqual(thread_count(worker.pid), ours)
                clients = [self.connect(worker) for _ in range(2 * threads)]
                for client in clients:
                    client.send(client.announce(image))
                for client in clients:
                    client.finish(b"")
                self.assertEqual(thread_count(worker.pid), ours)

    @unittest.skipIf(support.model_is_null(), "needs a network")
    def test_bf16_is_used_where_it_is_faster_and_refused_otherwise(self):
        with open("/proc/cpuinfo", encoding="ascii") as processor:
            quicker = "amx_bf16" in processor.read()
        worker = self.start(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model", support.model(),
                            "--precision", "bf16")
        if quicker:
            self.assertIn(":0.", self.connect(worker.wait_until_ready()).recognize(support.sample("chelsea.png")))
            self.assertIn("computing in bf16", worker.log.text())
        else:
            self.assertEqual(worker.wait(), 2)
            self.assertIn("this processor has no AMX-BF16, and without it bf16 is slower than fp32: use "
                          "--precision fp32", worker.log.text())

    def test_timeout_options_take_effect(self):
        too_long = "the peer took too long"
        for option, sent, reason in (
                ("--request-timeout-ms", b"D 1", too_long),
                ("--image-timeout-ms", message(b"8") + b"D 1", too_long),
                ("--ack-timeout-ms", message(b"8") + message(b"Zm9v*mFy"),
                 "the peer did not acknowledge its result")):
            with self.subTest(option):
                worker = self.start_null_worker(option, "200")
                client = self.connect(worker)
                client.send(sent)
                while client.receive(1):
                    pass
                self.assertTrue(worker.log.wait_for(reason))

    def test_a_wrong_option_is_reported_in_one_line(self):
        for arguments, message in (
                (("--receiving-bytes-max", "1000"), "must be at least --image-bytes-max"),
                (("--queue-timeout-ms", "0"), "--queue-timeout-ms"),
                (("--ack-timeout-ms", "1.5"), "--ack-timeout-ms"),
                (("--std", "0.2,nan,0.2"), "--std must be a number from 1e-06 to 1000, not nan")):
            program = self.start(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, *arguments)
            self.assertNotEqual(program.wait(), 0)
            self.assertIn(message, program.log.text() + program.stdout.text())


if __name__ == "__main__":
    support.main()
