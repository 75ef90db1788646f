#!/usr/bin/python3
"""Tests how scripts/run installs, builds and shows its progress, in a copy of the scripts with a compiler that only
pretends: its programs listen on no port, so scripts/run ends when it asks for the page."""

import fcntl
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios

import support

SCRIPTS = ["run", "build", "lib/common.sh", "lib/programs.sh", "lib/supervise.sh"]
PROGRAMS = ["samoyed-worker", "samoyed-decoder", "samoyed-dispatcher", "clientsocket"]
COLUMNS = 60

SETUP = """#!/bin/bash
echo "setup $*" >>"$CALLS"
if [[ "$*" == --list ]]; then cat "$MISSING"; else : >"$MISSING"; fi
"""

FETCH = """#!/bin/bash
echo "$ROOT/README"
"""

CMAKE = """#!/bin/bash
echo "cmake $*" >>"$CALLS"
mkdir -p "$ROOT/build/release/bin"
touch "$ROOT/build/release/build.ninja"
"""

# Waits for the file GO, and fails if FAIL exists.
NINJA = """#!/bin/bash
cd "$2"
if [[ "$3" == -n ]]; then
  cat "$PLANNED"
  exit
fi
echo "ninja $$" >>"$CALLS"
echo "[1/5] Building a.o"
until [[ -e $GO ]]; do sleep 0.01; done
if [[ -e $FAIL ]]; then echo "a.cpp:1:1: error: nonsense"; exit 1; fi
for program in samoyed-worker samoyed-decoder samoyed-dispatcher clientsocket; do
  [[ -e bin/$program ]] || cp "$PROGRAM" "bin/$program"
done
echo "[5/5] Linking bin/clientsocket"
"""

PROGRAM = """#!/bin/bash
echo "listening on 127.0.0.1:PORT"
exec sleep 1000
"""


class FirstRunTest(support.ProgramTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.top = self.folder / "checkout"
        for name in SCRIPTS:
            path = self.top / "scripts" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(support.SOURCE_DIR / "scripts" / name, path)
        for name in ("CMakeLists.txt", "CMakePresets.json", "README", "src/a.cpp", "include/a.hpp"):
            self.write(f"checkout/{name}", name)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        for name, text in (("checkout/scripts/setup", SETUP), ("checkout/scripts/fetch-model", FETCH),
                           ("checkout/scripts/fetch-sample", FETCH), ("bin/cmake", CMAKE), ("bin/ninja", NINJA),
                           ("program", PROGRAM.replace("PORT", str(port)))):
            self.write(name, text).chmod(0o755)
        self.write("missing", "g++\ncmake\nninja-build\n")
        self.write("go", "")
        self.write("planned", "ninja: no work to do.\n")
        self.environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "ROOT": str(self.top),
                            **{name.upper(): str(self.folder / name) for name in ("calls", "missing", "go", "fail", "planned", "program")}}

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def calls(self):
        """The names of the programs that ran since the last call of this function."""
        path = self.folder / "calls"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.unlink(missing_ok=True)
        return [re.sub(r"^(ninja) \d+$|^(cmake) .*", r"\1\2", line).strip() for line in text.splitlines()]

    def run_script(self):
        """Runs scripts/run until it asks for the page, and returns what it printed."""
        done = subprocess.run([self.top / "scripts" / "run", "--port", "0"], env=self.environment, capture_output=True,
                              text=True, timeout=support.HTTP_TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.rstrip().endswith("run: the web page did not answer"), done.stderr)
        return done.stderr

    def build_once(self):
        self.run_script()
        self.assertEqual(self.calls(), ["setup --list", "setup", "cmake", "ninja"])

    def test_a_first_run_says_what_it_does_in_plain_lines(self):
        lines = self.run_script().splitlines()
        self.assertRegex(lines[0], r"^run: first it has to install 3 packages and compile the programs \(\d+ steps, \d+ at a "
                                   r"time\), which takes about (a minute|\d+ minutes)$")
        self.assertEqual([re.sub(r"\d+ s$", "N s", line) for line in lines[1:5]],
                         ["build: Looking for the compiler and the libraries ...",
                          "build: Looking for the compiler and the libraries: done in N s",
                          "build: Compiling the programs ...", "build: Compiling the programs: done in N s"])
        self.assertNotIn("\r", "".join(lines))

    def test_a_later_build_says_how_much_there_is_to_do(self):
        self.build_once()
        self.write("missing", "")
        regenerate = "[0/2] Re-checking globbed directories...\n[1/2] Re-running CMake...\n"
        for planned, announced in (("[1/42] Building a.o\n[42/42] Linking\n", "first it has to compile the programs (42 steps"),
                                   (regenerate, None), ("ninja: no work to do.\n", None)):
            self.write("checkout/src/a.cpp", planned)
            self.write("planned", planned)
            printed = self.run_script()
            if announced:
                self.assertIn(announced, printed)
            else:
                self.assertNotIn("first it has to", printed)

    def test_current_programs_need_neither_packages_nor_a_compiler(self):
        self.build_once()
        for path in self.top.rglob("*"):  # As in a fresh checkout.
            os.utime(path)
        self.assertIn("run: the programs are already built", self.run_script())
        self.assertEqual(self.calls(), [])

    def test_changed_sources_or_programs_are_built_again(self):
        self.build_once()
        release = "checkout/build/release/bin/"
        for change in (lambda: self.write("checkout/src/a.cpp", "changed"), lambda: self.write("checkout/src/new.cpp", ""),
                       lambda: self.write("checkout/include/a.hpp", "changed"),
                       lambda: self.write("checkout/CMakeLists.txt", "changed"),
                       lambda: self.write(release + "clientsocket", "changed"),
                       lambda: (self.folder / release / "samoyed-decoder").unlink()):
            change()
            self.assertNotIn("already built", self.run_script())
            self.assertEqual(self.calls(), ["setup --list", "setup", "ninja"])
            self.assertIn("already built", self.run_script())

    def test_programs_whose_libraries_are_missing_are_not_used(self):
        self.build_once()
        self.write("bin/ldd", "#!/bin/bash\necho '\tlibtorch_cpu.so => not found'\n").chmod(0o755)
        self.assertNotIn("already built", self.run_script())

    def test_a_failed_build_shows_why_and_counts_as_none(self):
        self.write("fail", "")
        done = subprocess.run([self.top / "scripts" / "run"], env=self.environment, capture_output=True, text=True,
                              timeout=support.HTTP_TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"build: Compiling the programs: failed after \d+ s\nbuild: the end of .*build.log:\n")
        self.assertIn("a.cpp:1:1: error: nonsense", done.stderr)
        (self.folder / "fail").unlink()
        self.calls()
        self.run_script()
        self.assertIn("ninja", self.calls())

    def start_holding_build(self, **options):
        """Starts scripts/run, whose build waits until the file `go` exists, and returns ninja's process id too."""
        (self.folder / "go").unlink()
        script = self.start(self.top / "scripts" / "run", "--port", "0", env=self.environment, **options)
        calls = self.folder / "calls"
        support.wait_until(lambda: calls.exists() and "ninja" in calls.read_text(), "the build to start")
        return script, int(re.search(r"ninja (\d+)", calls.read_text())[1])

    def test_a_signal_ends_the_build(self):
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(name.name):
                self.write("go", "")
                script, ninja = self.start_holding_build()
                if name == signal.SIGINT:
                    script.send_to_group(name)
                else:
                    script.send(name)
                script.wait()
                support.wait_until(lambda pid=ninja: not os.path.exists(f"/proc/{pid}"), "the build to end")
                (self.folder / "calls").unlink()

    def test_on_a_terminal_each_step_has_one_line_that_is_rewritten(self):
        (self.folder / "go").unlink()
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        script = subprocess.Popen([self.top / "scripts" / "run", "--port", "0"], env=self.environment,  # pylint: disable=consider-using-with
                                  stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        printed = ""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # The terminal's other end is closed.
                break
            printed += part.decode()
            if re.search(r"Compiling the programs \.\.\. \d+ s, 1 of 5", printed):
                self.write("go", "")
        self.assertEqual(script.wait(support.HTTP_TIMEOUT_S), 1)
        compiling = next(line for line in printed.split("\r\n") if "Compiling" in line)
        shown = compiling.split("\r\x1b[K")[1:]
        self.assertEqual(shown[0], "build: Compiling the programs ...")
        self.assertRegex(shown[-1], r"^build: Compiling the programs: done in \d+ s$")
        for line in shown[1:-1]:
            self.assertRegex(line, r"^build: Compiling the programs \.\.\. \d+ s, 1 of 5$")
            self.assertLess(len(line), COLUMNS)
        self.assertEqual(printed.count("Looking for the compiler and the libraries: done"), 1)


if __name__ == "__main__":
    support.main()
