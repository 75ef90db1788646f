"""Copies the sources, compiles the breaks in, and runs the tests with each of them."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import breaks
from break_report import Outcome, Result

# Tests count as hung if they take longer than this multiple of their time without a break, and this much more.
TIMEOUT_FACTOR = 4
TIMEOUT_EXTRA_S = 30
# Time for tests to stop their programs after an interrupt.
STOP_TIMEOUT_S = 10

# The programs that end-to-end tests start.
PROGRAMS = ("samoyed-dispatcher", "samoyed-worker", "samoyed-decoder", "clientsocket")

# Packages that aren't in the repository.
NODE_MODULES = ("src/web/charts/node_modules", "test/e2e/browser/node_modules")


class RunError(Exception):
    """A run that can't go on, for a reason other than a break."""


class Tree:
    """A copy of the sources with breaks, and its build folder."""

    def __init__(self, source_dir, folder, jobs):
        self.source_dir = pathlib.Path(source_dir)
        self.folder = pathlib.Path(folder)
        self.build_dir = self.folder / "build" / "mutate"
        self._jobs = jobs

    def update(self, all_breaks):
        """Makes the copy equal to the sources with all switched breaks. Files that don't change keep their time."""
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                cwd=self.source_dir, check=True, stdout=subprocess.PIPE, text=True).stdout
        switched = breaks.by_file(all_breaks)
        wanted = {"include/samoyed/break.hpp"}
        self._write("include/samoyed/break.hpp", breaks.HEADER.encode())
        for name in filter(None, listed.split("\0")):
            path = self.source_dir / name
            if not path.is_file():
                continue
            content = path.read_bytes()
            if name in switched:
                content = breaks.apply_switched(switched[name], content.decode()).encode()
            self._write(name, content, path.stat().st_mode)
            wanted.add(name)
        self._remove_others(wanted)
        self._link_node_modules()

    def _remove_others(self, wanted):
        """Removes the files that are no longer in the sources. Doesn't follow links."""
        for top in ("src", "include", "test", "scripts"):
            for folder, _, names in os.walk(self.folder / top):
                for path in (pathlib.Path(folder, name) for name in names):
                    if str(path.relative_to(self.folder)) not in wanted:
                        path.unlink()

    def _link_node_modules(self):
        for name in NODE_MODULES:
            modules, link = self.source_dir / name, self.folder / name
            if modules.is_dir() and not link.is_symlink():
                link.symlink_to(modules)

    def _write(self, name, content, mode=0o644):
        path = self.folder / name
        if path.exists() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode & 0o777)

    def configure(self):
        if (self.build_dir / "build.ninja").exists():
            return
        options = [f"-DSAMOYED_MODEL={self._model()}", f"-DSAMOYED_ORIGINAL_DIR={self.source_dir}"]
        for name, path in (("SHARED_DIR", self.source_dir.parent / "shared"),
                           ("SAMPLE_DIR", self.source_dir / "build" / "sample"),
                           ("BOOST_INCLUDE_DIR", self.source_dir / "build" / "deps" / "boost" / "usr" / "include")):
            if path.is_dir():
                options.append(f"-DSAMOYED_{name}={path}")
        environment = dict(os.environ)
        if "CXX" not in environment and os.access("/usr/bin/g++-12", os.X_OK):
            environment["CXX"] = "/usr/bin/g++-12"  # The same choice as in scripts/lib/common.sh.
        subprocess.run(["cmake", "--preset", "release", "-S", self.folder, "-B", self.build_dir, "-DBUILD_TESTING=ON",
                        *options], check=True, env=environment, stdout=sys.stderr)

    def _model(self):
        for name in ("squeezenet1_1.pth", "untrained.pth"):
            path = self.source_dir / "models" / name
            if path.exists():
                return path
        raise RunError("there is no model: run scripts/fetch-model or scripts/make-untrained-model")

    def build(self, targets):
        subprocess.run(["nice", "-n", "10", "ninja", "-C", self.build_dir, "-j", str(self._jobs), *sorted(targets)],
                       check=True, stdout=sys.stderr)

    def put_alone(self, item):
        """Compiles one break in that can't be switched."""
        text = (self.folder / item.file).read_text(encoding="utf-8")
        self._write(item.file, breaks.apply_alone(item, text).encode())

    def put_back(self, item, all_breaks):
        """Undoes `put_alone`."""
        text = (self.source_dir / item.file).read_text(encoding="utf-8")
        if of_file := breaks.by_file(all_breaks).get(item.file):
            text = breaks.apply_switched(of_file, text)
        self._write(item.file, text.encode())


def run_tests(command, name, timeout_s):
    """Runs tests with the break `name`, or with none if it is empty. Returns (exit status or None after the time-out,
    output)."""
    environment = {**os.environ, "SAMOYED_BREAK": name, "no_proxy": "127.0.0.1,localhost",
                   "CTEST_OUTPUT_ON_FAILURE": "1"}
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


class Runner:
    """Runs the tests of a built tree. May be used by several threads at a time."""

    def __init__(self, tree, say):
        self._tree = tree
        self._say = say
        self._timeouts = {}

    def commands(self, item):
        """The commands that should notice the break, in the order in which they run."""
        commands = [(self._tree.build_dir / "bin" / program, "--abort", *item.arguments) for program in item.programs]
        if item.tests:
            commands.append(("ctest", "--test-dir", self._tree.build_dir, "--no-tests=error", "--stop-on-failure",
                             "-R", item.tests))
        return commands

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
        folder = self._tree.folder.parent / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{item.name}.log").write_text(output, encoding="utf-8")


def targets(items):
    """The build targets that the breaks need."""
    wanted = {program for item in items for program in item.programs}
    if any(item.tests for item in items):
        wanted.update(PROGRAMS)
    return wanted
