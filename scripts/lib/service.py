"""A dispatcher and workers for a run of minutes: built, started, ended whatever happens."""

import argparse
import os
import pathlib
import signal
import subprocess
import sys

from programs import Program

ROOT_DIR = pathlib.Path(__file__).resolve().parents[2]


def argument_parser(doc):
    """Knows the options that all such scripts have; `doc` is the script's own docstring."""
    parser = argparse.ArgumentParser(description=doc, usage=doc.split("\n", 1)[0][len("usage: "):],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.description = doc.split("\n", 1)[1].strip()
    parser.add_argument("--model", help="weights, or `null` for workers without a network")
    parser.add_argument("--bin-dir", type=lambda text: pathlib.Path(text).resolve(),
                        help="run these programs; builds nothing")
    return parser


def build(*targets):
    """Builds the programs, and the targets besides. Returns their folder."""
    build_dir = ROOT_DIR / "build" / "release"
    environment = dict(os.environ)
    if "CXX" not in environment and os.access("/usr/bin/g++-12", os.X_OK):
        environment["CXX"] = "/usr/bin/g++-12"  # As scripts/lib/common.sh prefers it.
    if not (build_dir / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release", "-S", ROOT_DIR, "-DBUILD_TESTING=OFF"],
                       check=True, env=environment, stdout=sys.stderr)
    subprocess.run(["ninja", "-C", build_dir, "samoyed-worker", "samoyed-dispatcher", *targets],
                   check=True, stdout=sys.stderr)
    return build_dir / "bin"


def _fetch_model():
    done = subprocess.run([ROOT_DIR / "scripts" / "fetch-model"], check=True, text=True,
                          stdout=subprocess.PIPE)
    return done.stdout.split("\n")[-2]


class Service:
    """What the options ask for, ready to be started. A context: at its end all programs end.

    `targets` are built besides the worker and the dispatcher; `quiet` programs log to files."""

    def __init__(self, options, targets=(), quiet=False):
        if options.bin_dir is None:
            subprocess.run([ROOT_DIR / "scripts" / "setup"], check=True, stdout=sys.stderr)
        self.bin_dir = options.bin_dir or build(*targets)
        self.model = options.model or _fetch_model()
        self._quiet = quiet
        self._programs = []

    def __enter__(self):
        # A service manager's signal ends the programs too, and that of a terminal which goes away, but for nohup.
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_: sys.exit(1))
        return self

    def __exit__(self, *_):
        for program in self._programs:
            program.kill()

    def launch(self, *command, env=None):
        """Any program, which may not be ready yet."""
        program = Program(*command, env=env, quiet=self._quiet)
        self._programs.append(program)
        return program

    def launch_worker(self, *arguments, port=0, model=None):
        """A worker that may not listen yet."""
        return self.launch(self.bin_dir / "samoyed-worker", "127.0.0.1", port, "--model",
                           model or self.model, *arguments)

    def start_worker(self, *arguments, port=0, model=None):
        return self.launch_worker(*arguments, port=port, model=model).wait_until_ready()

    def start_dispatcher(self, *arguments, workers=()):
        """A dispatcher at a free port that knows `workers`."""
        listed = [word for worker in workers for word in ("--worker", worker.address)]
        return self.launch(self.bin_dir / "samoyed-dispatcher", "--port", 0, *listed,
                           *arguments).wait_until_ready()
