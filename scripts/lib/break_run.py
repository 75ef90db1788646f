"""Runs the tests with each break."""

import json
import os
import pathlib
import signal
import subprocess
import time

from break_build import PROGRAMS
from break_report import Outcome, Result

# Tests count as hung if they take longer than this multiple of their time without a break, and this much more.
TIMEOUT_FACTOR = 4
TIMEOUT_EXTRA_S = 30
# Time for tests to stop their programs after an interrupt.
STOP_TIMEOUT_S = 10


class RunError(Exception):
    """A run that can't go on, for a reason other than a break."""


def run_tests(command, name, timeout_s):
    """Runs tests with the break `name`, or with none if it is empty. Returns (exit status or None after the time-out,
    output)."""
    environment = {**os.environ, "SAMOYED_BREAK": name, "no_proxy": "127.0.0.1,localhost"}
    with subprocess.Popen([str(part) for part in command], env=environment, start_new_session=True, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        try:
            output = process.communicate(timeout=timeout_s)[0]
            return process.returncode, output
        except subprocess.TimeoutExpired:
            # An interrupt lets end-to-end tests stop the programs that they have started.
            for number in (signal.SIGINT, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                    return None, process.communicate(timeout=STOP_TIMEOUT_S)[0]
                except subprocess.TimeoutExpired:
                    continue
                except ProcessLookupError:
                    break
            return None, ""


def entries(build, pattern):
    """Returns the commands of the CTest entries that match, with the environment in which they start the programs."""
    shown = subprocess.run(["ctest", "--test-dir", build.release_dir, "--show-only=json-v1", "-R", pattern],
                           check=True, stdout=subprocess.PIPE, text=True).stdout
    commands = []
    for test in json.loads(shown)["tests"]:
        of_test = {entry["name"]: entry["value"] for entry in test["properties"]}
        commands.append(("env", "-C", of_test["WORKING_DIRECTORY"], *of_test.get("ENVIRONMENT", ()),
                         f"SAMOYED_BIN_DIR={build.bin_dir}", *test["command"]))
    if not commands:
        raise RunError(f"no test matches {pattern}")
    return commands


class Runner:
    """Runs the tests of a build with breaks. May be used by several threads at a time."""

    def __init__(self, build, say):
        self._build = build
        self._say = say
        self._timeouts = {}

    def commands(self, item):
        """The commands that should notice the break, in the order in which they run."""
        commands = [(self._build.bin_dir / program, "--abort", *item.arguments) for program in item.programs]
        return commands + (entries(self._build, item.tests) if item.tests else [])

    def run_unbroken(self, command):
        """Runs a command without a break. It must pass; its time bounds the runs with breaks."""
        begin = time.monotonic()
        status, output = run_tests(command, "", None)
        seconds = time.monotonic() - begin
        if status != 0:
            raise RunError(f"{' '.join(map(str, command))} fails without a break:\n{output[-4000:]}")
        self._timeouts[command] = TIMEOUT_FACTOR * seconds + TIMEOUT_EXTRA_S
        self._say(f"{pathlib.Path(command[0]).name} {' '.join(map(str, command[1:]))}: passes without a break "
                  f"in {seconds:.0f} s")

    def run_broken(self, item):
        """Returns the Result of one break."""
        begin = time.monotonic()
        outcome = Outcome.SURVIVED
        for command in self.commands(item):
            status, output = run_tests(command, item.name, self._timeouts[command])
            if status == 0:
                continue
            outcome = Outcome.TIMED_OUT if status is None else Outcome.KILLED
            self._keep(item, output)
            break
        seconds = time.monotonic() - begin
        self._say(f"{item.room} {item.name}: {outcome.value} ({seconds:.1f} s)")
        return Result(item, outcome, seconds)

    def _keep(self, item, output):
        folder = self._build.folder / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{item.name}.log").write_text(output, encoding="utf-8")


def targets(items):
    """The build targets that the breaks need."""
    wanted = {program for item in items for program in item.programs}
    if any(item.tests for item in items):
        wanted.update(PROGRAMS)
    return wanted
