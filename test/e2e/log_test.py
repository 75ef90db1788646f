"""Whatever happens to a program's log, its standard streams and its terminal, the program keeps serving and stops when
it is told to."""

import fcntl
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import tempfile
import unittest

import support
from programs import LISTENING, STOP_TIMEOUT_S

TOKENS = ("the first token of this test", "the second token of this test")
UPLOADS = 100
# Linux makes no smaller pipe. Not all versions of Python name the call.
PIPE_BYTES = 4096
F_SETPIPE_SZ = 1031


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Silent:
    """A program whose log goes to a file descriptor of the test."""

    def __init__(self, test, log, *command, **options):
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=log, **options)
        test.addCleanup(self.process.wait)
        test.addCleanup(self.process.kill)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT_S)


class LogTest(support.ProgramTestCase):
    def pipe(self):
        """Returns a small pipe: the end to read as a file, and the descriptor to write."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        fcntl.fcntl(writer, F_SETPIPE_SZ, PIPE_BYTES)
        log = open(reader, encoding="utf-8")
        self.addCleanup(log.close)
        return log, writer

    def start_silent(self, *command):
        """Starts a program and reads its log until the program listens. Returns it, its log and its port."""
        log, writer = self.pipe()
        program = Silent(self, writer, *command)
        while not (match := LISTENING.search(line := log.readline())):
            self.assertTrue(line)
        return program, log, int(match["port"])

    def start_both(self):
        """Starts a worker and a dispatcher. Nobody reads their logs any more."""
        if not support.has_worker():
            self.skipTest(support.WITHOUT_WORKER)
        worker, worker_log, port = self.start_silent(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model",
                                                     "null")
        dispatcher, dispatcher_log, web_port = self.start_silent(
            support.bin_dir() / "samoyed-dispatcher", "--port", 0, "--worker", f"127.0.0.1:{port}")
        return (worker, worker_log), (dispatcher, dispatcher_log), web_port

    def upload_all(self, port):
        for _ in range(UPLOADS):
            self.assertEqual(support.upload(port, b"any bytes").status, 200)

    def test_a_log_that_nobody_reads_stops_nothing(self):
        (worker, _), (dispatcher, _), port = self.start_both()
        self.upload_all(port)
        self.assertEqual(dispatcher.stop(), 0)
        self.assertEqual(worker.stop(), 0)

    def test_a_closed_log_stops_nothing(self):
        (worker, worker_log), (dispatcher, dispatcher_log), port = self.start_both()
        worker_log.close()
        dispatcher_log.close()
        self.upload_all(port)
        lost = re.search(r"^samoyed_log_lines_dropped_total (\d+)$", support.request(port, "/metrics").text, re.MULTILINE)
        self.assertGreater(int(lost[1]), 0)
        self.assertEqual(dispatcher.stop(), 0)
        self.assertEqual(worker.stop(), 0)

    def test_a_log_file_at_its_size_limit_stops_nothing(self):
        worker = self.start_null_worker()
        port = free_port()
        with tempfile.TemporaryFile() as log:
            limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (PIPE_BYTES, PIPE_BYTES))  # noqa: E731
            dispatcher = Silent(self, log, support.bin_dir() / "samoyed-dispatcher", "--port", port, "--worker",
                                worker.address, preexec_fn=limit)
            self.wait_until_served(port)
            self.upload_all(port)
            self.assertEqual(dispatcher.stop(), 0)
            self.assertEqual(log.seek(0, os.SEEK_END), PIPE_BYTES)

    def test_closed_standard_streams_are_not_taken_by_sockets(self):
        port = free_port()
        dispatcher = Silent(self, None, "sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-',
                            support.bin_dir() / "samoyed-dispatcher", "--port", port)
        self.wait_until_served(port)
        for descriptor in range(3):
            self.assertEqual(os.readlink(f"/proc/{dispatcher.process.pid}/fd/{descriptor}"), "/dev/null")
        self.assertEqual(dispatcher.stop(), 0)

    def wait_until_served(self, port):
        def serves():
            try:
                return support.request(port, "/healthz").status == 200
            except ConnectionRefusedError:
                return False

        support.wait_until(serves, "the dispatcher to serve")


class HangupTest(support.ProgramTestCase):
    def replace(self, dispatcher, token, mode, expected):
        """Replaces the token file, as an operator does, and waits for the log line about it."""
        start = len(dispatcher.log.lines())
        self.token_file.chmod(0o600)
        self.token_file.write_text(token, encoding="utf-8")
        self.token_file.chmod(mode)
        dispatcher.send(signal.SIGHUP)
        self.assertTrue(dispatcher.log.wait_for(expected, start=start), dispatcher.report())

    def statuses(self, dispatcher):
        return [support.request(dispatcher.port, "/api/v1/workers", headers={"Authorization": f"Bearer {token}"}).status
                for token in TOKENS]

    def test_the_dispatcher_reads_its_token_again(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.token_file = pathlib.Path(folder.name) / "token"
        self.token_file.write_text(TOKENS[0], encoding="utf-8")
        self.token_file.chmod(0o600)
        dispatcher = self.start_dispatcher("--admin-token-file", self.token_file)
        self.assertEqual(self.statuses(dispatcher), [200, 401])
        self.replace(dispatcher, TOKENS[1], 0o600, "SIGHUP: done")
        self.assertEqual(self.statuses(dispatcher), [401, 200])
        self.replace(dispatcher, "too short", 0o600, "the former admin token stays in use")
        self.replace(dispatcher, TOKENS[0], 0o644, "the former admin token stays in use: every user")
        self.assertEqual(self.statuses(dispatcher), [401, 200])
        dispatcher.stop()

    def test_a_hangup_ends_no_program(self):
        worker = self.start_null_worker()
        dispatcher = self.start_dispatcher(workers=[worker])
        for program in (worker, dispatcher):
            program.send_to_group(signal.SIGHUP)
        self.assertTrue(dispatcher.log.wait_for("SIGHUP: done"))
        self.assertEqual(support.upload(dispatcher.port, b"any bytes").status, 200)
        dispatcher.stop()
        worker.stop()


if __name__ == "__main__":
    support.main()
