"""Runs programs: captures their output, finds their port and stops them."""

import atexit
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

LISTENING = re.compile(r"listening on (?P<host>\S+):(?P<port>\d+)\b")

# Limits for waiting. They are generous, because a busy machine is not a failure; they don't measure speed.
READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30


class Output:
    """The lines that a program has written to one stream so far.

    Thread rule: one thread reads the stream; any thread may read the lines and wait for them.
    """

    def __init__(self, stream):
        self._lines = []
        self._ended = False
        self._changed = threading.Condition()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        with stream:
            for line in stream:
                with self._changed:
                    self._lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def lines(self, start=0):
        """Returns the lines from line number `start` on."""
        with self._changed:
            return self._lines[start:]

    def text(self):
        return "\n".join(self.lines())

    def wait_for_end(self, timeout_s):
        with self._changed:
            self._changed.wait_for(lambda: self._ended, timeout_s)

    def wait_for(self, pattern, timeout_s=READY_TIMEOUT_S, start=0):
        """Waits for a line, from line number `start` on, that matches the regular expression. Returns the first
        match, or None if the stream ends or the time is up without one."""
        pattern = re.compile(pattern)

        def found():
            return next(filter(None, map(pattern.search, self._lines[start:])), None)

        with self._changed:
            self._changed.wait_for(lambda: found() or self._ended, timeout_s)
            return found()


class OutputFile:
    """What a program has written to a file so far. Reads the file only on request, so that reading the log takes
    no CPU time from a program that is being measured."""

    def __init__(self, file):
        self._file = file

    def lines(self, start=0):
        self._file.seek(0)
        return self._file.read().decode(errors="replace").splitlines()[start:]

    def text(self):
        return "\n".join(self.lines())

    def wait_for_end(self, timeout_s):
        """Does nothing: a file is complete once its program has ended."""

    def wait_for(self, pattern, timeout_s=READY_TIMEOUT_S, start=0):
        """Like Output.wait_for, but keeps waiting even if the program has ended."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for line in self.lines(start):
                if match := re.search(pattern, line):
                    return match
            time.sleep(0.002)
        return None


class Program:
    """A running program. It has its own process group, so that none of its processes outlive the test and
    `send_to_group` can send it Ctrl-C as a terminal would.

    With `quiet` both of its streams go to one file."""

    def __init__(self, *command, env=None, cwd=None, quiet=False):
        self.command = [str(part) for part in command]
        self.name = pathlib.Path(self.command[0]).name
        self.port = None
        stream = tempfile.NamedTemporaryFile(mode="ab") if quiet else subprocess.PIPE
        self._process = subprocess.Popen(
            self.command, env={**os.environ, **(env or {})}, cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=stream, stderr=stream, start_new_session=True,
            **({} if quiet else {"text": True, "errors": "replace"}))
        if quiet:
            self.stdout = self.log = OutputFile(open(stream.name, "rb"))
        else:
            self.stdout = Output(self._process.stdout)
            self.log = Output(self._process.stderr)
        atexit.register(self.kill)

    @property
    def pid(self):
        return self._process.pid

    @property
    def address(self):
        """HOST:PORT, as --worker and /add/ take it. Call `wait_until_ready` first."""
        return f"127.0.0.1:{self.port}"

    def wait_until_ready(self, timeout_s=READY_TIMEOUT_S):
        """Waits for the log line `listening on HOST:PORT` and stores the port. Returns self."""
        return self._wait_until_ready(self.log, timeout_s)

    def _wait_until_ready(self, output, timeout_s):
        match = output.wait_for(LISTENING, timeout_s)
        if not match:
            raise AssertionError(f"{self.name} did not become ready\n{self.report()}")
        self.port = int(match["port"])
        return self

    def wait_until_ready_on_stdout(self, timeout_s=READY_TIMEOUT_S):
        """Like `wait_until_ready`, for a program that prints the line on standard output."""
        return self._wait_until_ready(self.stdout, timeout_s)

    def is_running(self):
        return self._process.poll() is None

    def send(self, signal_number):
        self._process.send_signal(signal_number)

    def send_to_group(self, signal_number):
        os.killpg(self.pid, signal_number)

    def wait(self, timeout_s=STOP_TIMEOUT_S):
        """Waits for the program to end. Returns its exit status (negative: killed by that signal)."""
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not stop in time\n{self.report()}") from None
        self.stdout.wait_for_end(STOP_TIMEOUT_S)
        self.log.wait_for_end(STOP_TIMEOUT_S)
        return status

    def stop(self, timeout_s=STOP_TIMEOUT_S):
        """Stops the program with SIGTERM, as a service manager would. It must exit with status 0."""
        if not self.is_running():
            raise AssertionError(f"{self.name} had already stopped on its own\n{self.report()}")
        self.send(signal.SIGTERM)
        status = self.wait(timeout_s)
        if status != 0:
            raise AssertionError(f"{self.name} exited with status {status} on SIGTERM\n{self.report()}")

    def kill(self):
        """Kills the program and everything that it started, whatever their state."""
        try:
            self.send_to_group(signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        atexit.unregister(self.kill)

    def report(self):
        """Text for a failure message: the command, its state and everything it wrote."""
        state = "running" if self.is_running() else f"exit status {self._process.returncode}"
        return (f"--- {' '.join(self.command)} ({state})\n"
                f"--- standard output\n{self.stdout.text()}\n"
                f"--- log\n{self.log.text()}\n---")
