"""Running programs: their output, their port, their end."""

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

# Bounds of waiting, generous since a loaded machine is no failure; none is a measure of speed.
READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30


class Output:
    """The lines that one stream of a program has written so far.

    Thread rule: one thread reads the stream, any thread may look and wait.
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
        """The lines from line number `start` on."""
        with self._changed:
            return self._lines[start:]

    def text(self):
        return "\n".join(self.lines())

    def wait_for_end(self, timeout_s):
        with self._changed:
            self._changed.wait_for(lambda: self._ended, timeout_s)

    def wait_for(self, pattern, timeout_s=READY_TIMEOUT_S, start=0):
        """The first match of the regular expression in a line from line number `start` on; None
        if the stream ended, or the time, without one."""
        pattern = re.compile(pattern)

        def found():
            return next(filter(None, map(pattern.search, self._lines[start:])), None)

        with self._changed:
            self._changed.wait_for(lambda: found() or self._ended, timeout_s)
            return found()


class OutputFile:
    """What a program has written to a file so far, read only when it is asked for: whoever measures a
    program must not spend the cores on its log."""

    def __init__(self, file):
        self._file = file

    def lines(self, start=0):
        self._file.seek(0)
        return self._file.read().decode(errors="replace").splitlines()[start:]

    def text(self):
        return "\n".join(self.lines())

    def wait_for_end(self, timeout_s):
        """A file is whole once its program has ended."""

    def wait_for(self, pattern, timeout_s=READY_TIMEOUT_S, start=0):
        """As Output's, but it also waits for a program that has ended."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for line in self.lines(start):
                if match := re.search(pattern, line):
                    return match
            time.sleep(0.002)
        return None


class Program:
    """A running program. It gets a process group of its own, so that nothing of it outlives the
    test, and Ctrl-C can be sent to it as a terminal would (`send_to_group`).

    `quiet`: both of its streams go to one file."""

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
        """HOST:PORT, as --worker and /add/ take it. Needs `wait_until_ready`."""
        return f"127.0.0.1:{self.port}"

    def wait_until_ready(self, timeout_s=READY_TIMEOUT_S):
        """Waits for the log line `listening on HOST:PORT` and keeps the port. Returns self."""
        return self._wait_until_ready(self.log, timeout_s)

    def _wait_until_ready(self, output, timeout_s):
        match = output.wait_for(LISTENING, timeout_s)
        if not match:
            raise AssertionError(f"{self.name} did not get ready\n{self.report()}")
        self.port = int(match["port"])
        return self

    def wait_until_ready_on_stdout(self, timeout_s=READY_TIMEOUT_S):
        """The same for a program whose line comes on standard output."""
        return self._wait_until_ready(self.stdout, timeout_s)

    def is_running(self):
        return self._process.poll() is None

    def send(self, signal_number):
        self._process.send_signal(signal_number)

    def send_to_group(self, signal_number):
        os.killpg(self.pid, signal_number)

    def wait(self, timeout_s=STOP_TIMEOUT_S):
        """The exit status (negative: killed by that signal)."""
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end\n{self.report()}") from None
        self.stdout.wait_for_end(STOP_TIMEOUT_S)
        self.log.wait_for_end(STOP_TIMEOUT_S)
        return status

    def stop(self, timeout_s=STOP_TIMEOUT_S):
        """Asks the program to end, as a service manager would; it must, with exit status 0."""
        if not self.is_running():
            raise AssertionError(f"{self.name} had ended by itself\n{self.report()}")
        self.send(signal.SIGTERM)
        status = self.wait(timeout_s)
        if status != 0:
            raise AssertionError(f"{self.name} ended with {status} on SIGTERM\n{self.report()}")

    def kill(self):
        """Ends the program and all that it started, whatever their state."""
        try:
            self.send_to_group(signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        atexit.unregister(self.kill)

    def report(self):
        """For a failure message: the command, its state and all that it wrote."""
        state = "running" if self.is_running() else f"exit status {self._process.returncode}"
        return (f"--- {' '.join(self.command)} ({state})\n"
                f"--- standard output\n{self.stdout.text()}\n"
                f"--- log\n{self.log.text()}\n---")
