"""Tests scripts/run: it checks, serves, restarts programs that die, uses only its own ports and leaves no processes
behind.

The programs are already built; this test builds nothing.
"""

import os
import pathlib
import re
import signal
import socket
import tempfile
import threading
import unittest

import support
from sample_images import facts_of

support.require_release_build()
support.require_worker()

RUN = support.SOURCE_DIR / "scripts" / "run"
SERVING = r"open http://localhost:(\d+) in a browser"
# Starting takes a few seconds. If there is no model yet, it also waits for the attempt to download one.
START_TIMEOUT_S = 120


class OtherService:
    """Somebody else's service: occupies a port and counts the connections to it."""

    def __init__(self, port):
        self.connections = 0
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError:
            return  # A real service has the port, which is just as good, but its connections can't be counted.
        self._socket.listen()
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self):
        self._socket.close()


def processes_of_session(session):
    """Returns {process id: command line} of all processes that still run in a session."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue  # It ended while we looked.
        state, in_session = fields[0], int(fields[3])
        if in_session == session and state != "Z":
            found[int(entry.name)] = command
    return found


class RunScriptTest(support.ProgramTestCase):
    def start_script(self, *arguments):
        """Starts scripts/run from a different folder and by a relative path."""
        elsewhere = tempfile.TemporaryDirectory(prefix="else where ")
        self.addCleanup(elsewhere.cleanup)
        # scripts/run finds the suite's model by itself. The proxy doesn't exist, so that using it would fail.
        return self.start(os.path.relpath(RUN, elsewhere.name), *arguments, cwd=elsewhere.name,
                          env={"SAMOYED_MODEL": "", "http_proxy": "http://127.0.0.1:1"})

    def start_serving(self, *arguments):
        """Starts scripts/run, waits until it serves, and sets its `port`."""
        script = self.start_script(*arguments)
        match = script.log.wait_for(SERVING, START_TIMEOUT_S)
        self.assertTrue(match, "scripts/run does not serve")
        script.port = int(match[1])
        return script

    def assert_ends(self, script, status):
        self.assertEqual(script.wait(), status)
        support.wait_until(lambda: not processes_of_session(script.pid), "all processes to end",
                           support.STOP_TIMEOUT_S)
        with self.assertRaises(OSError):
            support.request(script.port)

    def worker_ports(self, script):
        return [int(port) for port in re.findall(r"worker on port (\d+)", script.log.text())]

    def worker_of_one_upload(self, script):
        return facts_of(support.upload(script.port, support.sample("chelsea.png")).text)["Worker"]

    def upload_one(self, script):
        response = support.upload(script.port, support.sample("chelsea.png"))
        self.assertEqual(response.status, 200)
        return support.result_rows(response.text)

    def test_check_passes_next_to_other_services_and_never_connects_to_them(self):
        others = [OtherService(port) for port in (9999, 8888)]
        for other in others:
            self.addCleanup(other.close)
        script = self.start_script("--check")
        self.assertEqual(script.wait(START_TIMEOUT_S), 0)
        self.assertEqual([other.connections for other in others], [0, 0])
        self.assertIn("port 8888 is taken", script.log.text())
        self.assertIn("port 9999 is taken", script.log.text())
        self.assertNotIn(8888, self.worker_ports(script))
        self.assertRegex(script.stdout.text(), r"(?m)^chelsea.png:\n  \S.* \d+\.\d{3}%")
        self.assertFalse(processes_of_session(script.pid))

    def test_ctrl_c_ends_every_process(self):
        script = self.start_serving("--port", "0")
        self.assertEqual(len(self.worker_ports(script)), 3)
        self.assertTrue(self.upload_one(script))
        script.send_to_group(signal.SIGINT)
        self.assert_ends(script, 0)

    def test_sigterm_to_the_script_alone_ends_every_process(self):
        script = self.start_serving("--port", "0")
        script.send(signal.SIGTERM)
        self.assert_ends(script, 0)

    def test_a_terminal_that_goes_away_ends_every_process(self):
        script = self.start_serving("--port", "0")
        script.send_to_group(signal.SIGHUP)
        self.assert_ends(script, 0)

    def test_sigkill_of_the_script_leaves_no_process(self):
        script = self.start_serving("--port", "0")
        script.send(signal.SIGKILL)
        self.assert_ends(script, -signal.SIGKILL)

    def test_ctrl_c_while_starting_ends_every_process(self):
        script = self.start_script("--port", "0")
        self.assertTrue(script.log.wait_for("worker on port", START_TIMEOUT_S))
        script.send_to_group(signal.SIGINT)
        self.assertIn(script.wait(), (0, 130))
        self.assertFalse(processes_of_session(script.pid))

    def test_a_killed_program_comes_back_on_its_port(self):
        script = self.start_serving("--port", "0")
        came_back = f"127.0.0.1:{self.worker_ports(script)[0]}"
        for name, port in (("samoyed-worker", self.worker_ports(script)[0]),
                           ("samoyed-dispatcher", script.port)):
            with self.subTest(program=name):
                killed = next(pid for pid, command in processes_of_session(script.pid).items()
                              if name in command)
                os.kill(killed, signal.SIGKILL)
                self.assertTrue(script.log.wait_for(f"is back on port {port}", START_TIMEOUT_S))
                with socket.create_connection(("127.0.0.1", port)):
                    pass
                self.assertTrue(self.upload_one(script))
                # The dispatcher readmits the worker automatically; nobody adds it.
                support.wait_until(lambda: self.worker_of_one_upload(script) == came_back,
                                   "the worker that came back to have its turn")
        script.send_to_group(signal.SIGINT)
        self.assert_ends(script, 0)

    def test_help_and_wrong_options(self):
        for arguments, status in ((["--help"], 0), (["--nonsense"], 2), (["--port"], 1),
                                  (["--port", "65536"], 1)):
            with self.subTest(arguments=arguments):
                script = self.start_script(*arguments)
                self.assertEqual(script.wait(), status)
                self.assertTrue(script.stdout.text() + script.log.text())


if __name__ == "__main__":
    support.main()
