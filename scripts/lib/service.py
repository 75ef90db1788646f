"""A dispatcher and workers for a longer run: builds them, starts them and always stops them."""

import argparse
import os
import pathlib
import signal
import subprocess
import sys

from programs import Program

ROOT_DIR = pathlib.Path(__file__).resolve().parents[2]


def argument_parser(doc):
    """Returns a parser with the options that all these scripts share. `doc` is the script's docstring: its usage, a
    line for each form of the call, an empty line, and what it does."""
    usage, description = doc.split("\n\n", 1)
    parser = argparse.ArgumentParser(usage=usage.removeprefix("usage: "), description=description.strip(),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="the model file, or `null` for workers without a network")
    parser.add_argument("--bin-dir", metavar="DIR", type=lambda text: pathlib.Path(text).resolve(),
                        help="run the programs in DIR instead of building them")
    return parser


def build(*targets):
    """Builds the worker, the dispatcher and `targets`. Returns the folder of the programs."""
    build_dir = ROOT_DIR / "build" / "release"
    environment = dict(os.environ)
    if "CXX" not in environment and os.access("/usr/bin/g++-12", os.X_OK):
        environment["CXX"] = "/usr/bin/g++-12"  # The same choice as in scripts/lib/common.sh.
    if not (build_dir / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release", "-S", ROOT_DIR, "-DBUILD_TESTING=OFF"],
                       check=True, env=environment, stdout=sys.stderr)
    subprocess.run(["ninja", "-C", build_dir, "samoyed-worker", "samoyed-dispatcher", *targets],
                   check=True, stdout=sys.stderr)
    return build_dir / "bin"


def require_programs(parser, bin_dir, *names):
    """Ends the script with an error that says what to do if `bin_dir`, the value of --bin-dir, lacks a program."""
    missing = [name for name in names if not (bin_dir / name).is_file()]
    if missing:
        parser.error(f"{bin_dir} has no {' and no '.join(missing)}: build what is missing with "
                     f"`ninja -C {bin_dir.parent} {' '.join(missing)}`, or leave out --bin-dir")


def _fetch_model():
    done = subprocess.run([ROOT_DIR / "scripts" / "fetch-model"], check=True, text=True,
                          stdout=subprocess.PIPE)
    return done.stdout.split("\n")[-2]


class Service:
    """Starts the programs that the options select. As a context manager, it stops all of them at the end.

    `targets` are built in addition to the worker and the dispatcher. With `quiet` the programs log to files."""

    def __init__(self, options, targets=(), quiet=False):
        if options.bin_dir is None:
            subprocess.run([ROOT_DIR / "scripts" / "setup"], check=True, stdout=sys.stderr)
        self.bin_dir = options.bin_dir or build(*targets)
        self.model = options.model or _fetch_model()
        self._quiet = quiet
        self._programs = []

    def __enter__(self):
        # Makes sure that the programs also stop on a service manager's SIGTERM and, unless nohup ignores it, on the
        # SIGHUP of a closing terminal.
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_: sys.exit(1))
        return self

    def __exit__(self, *_):
        for program in self._programs:
            program.kill()

    def launch(self, *command, env=None):
        """Launches any program. It may not be ready yet when this returns."""
        program = Program(*command, env=env, quiet=self._quiet)
        self._programs.append(program)
        return program

    def launch_worker(self, *arguments, port=0, model=None):
        """Launches a worker. It may not listen yet when this returns."""
        return self.launch(self.bin_dir / "samoyed-worker", "127.0.0.1", port, "--model",
                           model or self.model, *arguments)

    def start_worker(self, *arguments, port=0, model=None):
        return self.launch_worker(*arguments, port=port, model=model).wait_until_ready()

    def start_dispatcher(self, *arguments, workers=()):
        """Starts a dispatcher on a free port with `workers` in its list, and waits until it is ready."""
        listed = [word for worker in workers for word in ("--worker", worker.address)]
        return self.launch(self.bin_dir / "samoyed-dispatcher", "--port", 0, *listed,
                           *arguments).wait_until_ready()
