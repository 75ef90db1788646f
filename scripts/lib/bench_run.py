"""How scripts/bench measures: programs take turns, and the median of the rounds counts."""

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys

PEERS_DIR = pathlib.Path(__file__).resolve().parents[2] / "test" / "bench" / "peers"
# A program that takes this much longer than requested counts as hung.
TIMEOUT_S = 120


@dataclasses.dataclass
class Settings:
    """The duration of a run."""

    rounds: int
    seconds: float          # One measurement in one round.
    open_loop_seconds: float
    job_seconds: float      # One submission of jobs, whose end is then awaited.
    job_workers: int        # All but one of them recognize jobs at the same time.
    pick_ups: int           # Submissions to an idle dispatcher.
    killed_dispatchers: int
    snapshot_seconds: float  # How long a transaction is held open.
    worker_counts: tuple


FULL = Settings(rounds=5, seconds=2.0, open_loop_seconds=6.0, job_seconds=6.0, job_workers=16, pick_ups=200, killed_dispatchers=5,
                snapshot_seconds=600, worker_counts=(1, 2, 4, 16, 64))
QUICK = Settings(rounds=1, seconds=0.6, open_loop_seconds=1.5, job_seconds=0.3, job_workers=4, pick_ups=20, killed_dispatchers=2,
                 snapshot_seconds=5, worker_counts=(1, 2, 4))
# A comparison of two builds also needs the spread of the rounds.
AGAINST = dataclasses.replace(FULL, rounds=9)
AGAINST_QUICK = dataclasses.replace(QUICK, rounds=2, seconds=0.3)


class CannotRun(Exception):
    """A program is missing or fails. Its measurement is left out."""


def run_json(*command, env=None, seconds=0):
    """Runs a program that takes about `seconds` and prints a JSON object as its last line. Returns the object."""
    try:
        done = subprocess.run([str(word) for word in command], env={**os.environ, **(env or {})},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=seconds + TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotRun(str(error)) from None
    lines = done.stdout.strip().splitlines()
    # clientsocket bench exits with status 1 if an image failed, but still reports what it measured.
    if not lines or not lines[-1].startswith("{"):
        raise CannotRun(_why(done))
    return json.loads(lines[-1])


def _why(done):
    """Returns the most specific line of a failed program's messages."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    specific = [line for line in lines if "rror" in line] or lines[-1:]
    return specific[0].strip() if specific else f"ended with status {done.returncode}"


def median_of(results):
    """Merges several results of one measurement: takes the median of each number and the first of everything else.
    Missing values and None don't count."""
    merged = {}
    for key in dict.fromkeys(key for result in results for key in result):
        values = [result[key] for result in results if result.get(key) is not None]
        if not values:
            merged[key] = None
        elif isinstance(values[0], dict):
            merged[key] = median_of(values)
        elif isinstance(values[0], (int, float)):
            merged[key] = statistics.median(values)
        else:
            merged[key] = values[0]
    return merged


class Turns:
    """Measurements that take turns (A B C A B C ...), so that other load on the machine affects all alike."""

    def __init__(self, rounds, say, begin_round=lambda: None):
        self._round_count = rounds
        self._say = say
        self._begin_round = begin_round
        self._measures = {}
        self.rounds = {}    # The results of each measurement, by name.
        self.failures = {}

    def add(self, name, measure):
        """Adds a measurement: a function that takes the number of the round and returns a dict."""
        self._measures[name] = measure

    def run(self):
        """Returns {name: median of its rounds}. A measurement that fails is left out and listed in `failures`."""
        for number in range(self._round_count):
            self._begin_round()
            for name, measure in self._measures.items():
                if name in self.failures:
                    continue
                self._say(f"round {number + 1} of {self._round_count}: {name}")
                try:
                    self.rounds.setdefault(name, []).append(measure(number))
                except CannotRun as error:
                    self.failures[name] = str(error)
        return {name: median_of(of_name) for name, of_name in self.rounds.items()
                if name not in self.failures}


class Progress:
    """Shows in one line on the terminal what is being measured."""

    def __init__(self):
        self._on_terminal = sys.stderr.isatty()

    def __call__(self, text):
        if self._on_terminal:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def say(self, text):
        end = "\r\x1b[K" if self._on_terminal else ""
        print(f"{end}bench: {text}", file=sys.stderr, flush=True)
