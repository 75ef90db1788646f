"""Tests how scripts/mutate reads its list, compiles breaks in, runs tests and reports; and that the list fits the code."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import support
import break_build
import break_report
import break_run
import breaks
from break_report import Outcome, Result

ROOM = """
[[break]]
name = "limit-one-more"
file = "src/a.cpp"
within = "if (size > limit) return;"
old = "size > limit"
new = "size > limit + 1"
"""


def a_break(name="name", old="old", new="new", file="src/a.cpp", **fields):
    return breaks.Break(room="io", name=name, file=file, old=old, new=new, **fields)


def condition(name):
    return f"::samoyed::is_broken({breaks.break_number(name):#x})"


def applied(text, *items):
    """The text with the breaks, without the include."""
    include, line, rest = breaks.apply_switched(items, text).split("\n", 2)
    assert (include, line) == (breaks.HEADER_INCLUDE, "#line 1")
    return rest


class ListTest(unittest.TestCase):
    def test_an_entry(self):
        (item,) = breaks.parse_room("web_http", ROOM)
        self.assertEqual((item.room, item.name), ("web_http", "limit-one-more"))
        self.assertEqual(item.programs, ("samoyed_web_http_tests",))
        self.assertEqual(item.is_alone, False)

    def test_a_room_may_name_other_programs(self):
        (item,) = breaks.parse_room("page", 'programs = []\narguments = ["~slow*"]\n' + ROOM)
        self.assertEqual((item.programs, item.arguments), ((), ("~slow*",)))

    def test_a_wrong_entry_is_an_error_that_names_it(self):
        for old, new, error in [('new = "size > limit + 1"', "", "the field new is missing"),
                                ("within", "inside", "unknown field inside"),
                                ("limit-one-more", "Limit", "lower-case")]:
            with self.subTest(error=error), self.assertRaisesRegex(breaks.ListError, f"io.toml: break 1 .*{error}"):
                breaks.parse_room("io", ROOM.replace(old, new))

    def test_two_breaks_of_one_name_are_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            for room in ("io", "protocol"):
                (pathlib.Path(folder) / f"{room}.toml").write_text(ROOM)
            with self.assertRaisesRegex(breaks.ListError, "limit-one-more"):
                breaks.load(folder)

    def test_only_sources_of_the_compiler_can_be_switched(self):
        self.assertTrue(a_break(file="src/web/assets/a.js").is_alone)
        self.assertTrue(a_break(rebuild=True).is_alone)

    def test_the_list_fits_the_code(self):
        folder = support.SOURCE_DIR
        items = breaks.load(folder / "test" / "mutate")
        self.assertGreater(len(items), 200)
        for file, of_file in breaks.by_file(items).items():
            with self.subTest(file=file):
                breaks.apply_switched(of_file, (folder / file).read_text(encoding="utf-8"))
        for item in items:
            if item.is_alone:
                breaks.apply_alone(item, (folder / item.file).read_text(encoding="utf-8"))


class ApplyTest(unittest.TestCase):
    def test_an_expression(self):
        self.assertEqual(applied("if (a > b) f();", a_break(old="a > b", new="a >= b")),
                         f"if (({condition('name')} ? (a >= b) : (a > b))) f();")

    def test_a_statement_may_be_left_out(self):
        self.assertEqual(applied("g(); f();", a_break(old="f();", new="")),
                         f"g(); {{ if ({condition('name')}) {{  }} else {{ f(); }} }}")

    def test_two_breaks_of_one_piece_and_of_one_line(self):
        text = applied("f(a, b);", a_break("one", "a", "x"), a_break("two", "a", "y"), a_break("three", "b", "z"))
        self.assertEqual(text, f"f(({condition('two')} ? (y) : (({condition('one')} ? (x) : (a)))), "
                               f"({condition('three')} ? (z) : (b)));")

    def test_breaks_that_overlap_are_an_error(self):
        with self.assertRaisesRegex(breaks.ListError, "overlaps"):
            applied("f(a + b);", a_break("one", "a + b", "x"), a_break("two", "b", "y"))

    def test_the_piece_must_occur_once(self):
        for old, within in (("c", ""), ("a", ""), ("a", "(a)"), ("a", "a, a")):
            item = a_break(old=old, within=within)
            with self.subTest(item=item), self.assertRaisesRegex(breaks.ListError, "name: .* occurs . times.*io.toml"):
                applied("f(a, a);", item)
        self.assertIn("(y)", applied("f(a, a);", a_break(old="a", new="y", within="f(a")))

    def test_a_break_that_is_compiled_in_alone(self):
        self.assertEqual(breaks.apply_alone(a_break(old="1", new="2"), "let a = 1;"), "let a = 2;")

    def test_the_header_selects_the_break_that_the_environment_names(self):
        program = applied('int main() { return 3; }', a_break("the-name", "3", "5"))
        constant = "constexpr int constant = " + applied("3;", a_break("the-name", "3", "5"))
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "a.cpp").write_text(f"{breaks.HEADER}{constant}\n"
                                        f"static_assert(constant == 3);\n{program}".replace("#pragma once", ""))
            compiler = shutil.which("g++-12") or "c++"  # As scripts/lib/common.sh prefers it.
            subprocess.run([compiler, "-std=c++20", path / "a.cpp", "-o", path / "a"], check=True)
            for name, status in (("the-name", 5), ("another", 3), ("", 3)):
                done = subprocess.run([path / "a"], env={"SAMOYED_BREAK": name}, check=False)
                self.assertEqual(done.returncode, status)
            self.assertEqual(subprocess.run([path / "a"], env={}, check=False).returncode, 3)


class RunTest(unittest.TestCase):
    def test_the_tests_see_the_name_of_the_break(self):
        self.assertEqual(break_run.run_tests(["sh", "-c", 'echo "$SAMOYED_BREAK"; exit 3'], "name", 60), (3, "name\n"))

    def test_tests_that_hang_are_interrupted(self):
        command = ["sh", "-c", "trap 'echo over; exit' INT; while :; do sleep 0.1; done"]
        for timeout_s in (1, 5, 25, 125):  # On a busy machine, the shell may not have set its trap within the first.
            status, output = break_run.run_tests(command, "", timeout_s)
            self.assertIsNone(status)
            if output:
                break
        self.assertEqual(output, "over\n")

    def test_the_targets_of_breaks(self):
        alone = a_break(programs=("samoyed_io_tests",))
        self.assertEqual(break_run.targets([alone]), {"samoyed_io_tests"})
        self.assertEqual(break_run.targets([alone, a_break(tests="^e2e/")]), {"samoyed_io_tests", *break_run.PROGRAMS})


# A release build of a library of two sources and a file that is embedded, and of a program. Instead of a compiler, a
# script puts the texts together that a compiler would read.
NINJA = """
rule run
  command = $command
rule compile
  command = {tools}/compile -O3 -I{source}/src -MD -MF $out.d -o $out -c $in
  depfile = $out.d
  deps = gcc
build limit.o: compile {release}/unity_0_cxx.cxx
build main.o: compile {source}/src/main.cpp
build text.cpp: run {source}/src/text.txt
  command = {tools}/EmbedFiles.cmake "{source}/src/text.txt" {release}/text
build text.o: compile text.cpp
build liblimit.a: run limit.o
  command = : && /usr/bin/cmake -E rm -f liblimit.a && /usr/bin/ar qc liblimit.a limit.o && :
build bin/program: run main.o text.o liblimit.a
  command = : && {tools}/compile main.o text.o -o bin/program liblimit.a && :
build program: phony bin/program
"""

SOURCES = {
    "src/limit.hpp": "int least() { return 10; }\n",
    "src/limit.cpp": "int limit() { return 3; }\n",
    "src/other.cpp": "int other() { return 0; }\n",
    "src/main.cpp": '#include "limit.hpp"\nint main() { return limit() + least() + text(); }\n',
    "src/text.txt": "100",
}

TOOLS = {
    "EmbedFiles.cmake": """#!/bin/sh
echo "int text() { return $(cat "$1"); }" >"$2.cpp"
""",
    "compile": """#!/usr/bin/python3
import os, re, sys
arguments = sys.argv[1:]
output = arguments[arguments.index("-o") + 1]
folders = ["."] + [word[2:] for word in arguments if word.startswith("-I")]
read = []
def expand(name):
    path = next(path for folder in folders if os.path.exists(path := os.path.join(folder, name)))
    read.append(path)
    text = open(path, encoding="latin-1").read()
    return re.sub(r'#include "(.*)"', lambda found: expand(found[1]), text)
inputs = [word for word in arguments if word.endswith((".o", ".a", ".cpp", ".cxx")) and word != output]
text = "".join(expand(name) for name in inputs)
open(output, "w", encoding="latin-1").write(text)
if "-MF" in arguments:
    open(arguments[arguments.index("-MF") + 1], "w").write(output + ": " + " ".join(read))
""",
}


class BuildTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source = pathlib.Path(folder.name).resolve()
        release, tools = self.source / "build" / "release", self.source / "tools"
        unity = "".join(f'#include "{self.source}/src/{name}.cpp"\n' for name in ("limit", "other"))
        for path, content in {**{self.source / name: content for name, content in SOURCES.items()},
                              **{tools / name: content for name, content in TOOLS.items()},
                              release / "build.ninja": NINJA.format(source=self.source, release=release, tools=tools),
                              release / "unity_0_cxx.cxx": unity}.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            path.chmod(0o755)
        self.build = break_build.Build(self.source, self.source / "build" / "mutate", 1)

    def program(self):
        """Builds the program, and returns its text."""
        self.build.build({"program"})
        return (self.build.bin_dir / "program").read_text(encoding="latin-1")

    def test_breaks_of_a_source_and_of_a_header_are_compiled_in(self):
        self.build.update([a_break("limit", "3", "4", "src/limit.cpp"), a_break("least", "10", "20", "src/limit.hpp")])
        program = self.program()
        self.assertIn(f"return ({condition('limit')} ? (4) : (3));", program)
        self.assertIn(f"return ({condition('least')} ? (20) : (10));", program)
        self.assertIn("active_break()", program)
        self.assertNotIn("is_broken", (self.source / "build" / "release" / "bin" / "program").read_text("latin-1"))
        # The linker takes the first of two functions of the same name.
        self.assertLess(program.index("? (4)"), program.index("int limit() { return 3; }"))

    def test_only_what_has_breaks_is_compiled_and_only_when_it_changes(self):
        item = a_break("limit", "3", "4", "src/limit.cpp")
        self.build.update([item])
        self.program()
        (made,) = self.build.folder.glob("**/*.o")
        self.assertEqual(made.name, "limit.o")
        before = made.stat().st_mtime_ns
        self.build.update([item])
        self.program()
        self.assertEqual(made.stat().st_mtime_ns, before)
        (self.source / "src" / "limit.cpp").write_text("int limit() { return 2 * 3; }\n")
        self.build.update([item])
        self.assertIn("2 * (", self.program())

    def test_a_break_of_an_embedded_file_is_built_in_alone(self):
        self.build.update([], a_break("text", "100", "7", "src/text.txt"))
        program = self.program()
        self.assertIn("int text() { return 7; }", program)
        self.assertNotIn("int text() { return 100; }", program)
        self.build.update([])
        self.assertIn("int text() { return 100; }", self.program())

    def test_programs_without_breaks_are_those_of_the_release_build(self):
        self.build.update([])
        (self.source / "build" / "release" / "bin").mkdir()
        (self.source / "build" / "release" / "bin" / "other").write_text("other")
        self.program()
        self.assertEqual((self.build.bin_dir / "other").read_text(), "other")

    def test_without_a_release_build_the_error_says_what_to_do(self):
        (self.source / "build" / "release" / "build.ninja").unlink()
        with self.assertRaisesRegex(break_build.BuildError, "scripts/build"):
            self.build.check()


class ReportTest(unittest.TestCase):
    def setUp(self):
        self.results = [Result(a_break("one"), Outcome.KILLED), Result(a_break("two"), Outcome.TIMED_OUT),
                        Result(breaks.Break("web_http", "three", "src/b.cpp", "a", "b"), Outcome.KILLED)]

    def test_the_table_has_a_row_for_each_room_and_a_sum(self):
        self.results.append(Result(a_break("four", why="both are right"), Outcome.SURVIVED))
        self.assertEqual(break_report.table(self.results).splitlines()[2:],
                         ["| io | 3 | 1 | 1 | 1 |", "| web/http | 1 | 1 | 0 | 0 |", "| **all** | 4 | 2 | 1 | 1 |"])

    def test_survivors_and_time_outs_are_named(self):
        self.results.append(Result(a_break("four", why="both are right"), Outcome.SURVIVED))
        self.assertEqual(break_report.named(self.results), ["killed by time-out: two (src/a.cpp)",
                                                            "survived: four (src/a.cpp): both are right"])
        killed_now = [Result(a_break("five", why="both are right"), Outcome.KILLED)]
        self.assertRegex(break_report.named(killed_now)[0], "killed now.*five")

    def test_a_survivor_needs_a_reason(self):
        many = [Result(a_break(str(number)), Outcome.KILLED) for number in range(100)]
        self.assertEqual(break_report.failures(many), [])
        self.assertEqual(break_report.failures([*many, Result(a_break(why="why"), Outcome.SURVIVED)]), [])
        (reason,) = break_report.failures([*many, Result(a_break("alive"), Outcome.SURVIVED)])
        self.assertRegex(reason, "no `why` explains it: alive")

    def test_most_breaks_must_be_killed(self):
        survivors = [Result(a_break(why="why"), Outcome.SURVIVED)]
        (reason,) = break_report.failures(survivors + 18 * self.results[:1])
        self.assertRegex(reason, "only 94.7 %")
        self.assertEqual(break_report.failures(survivors + 19 * self.results[:1]), [])


if __name__ == "__main__":
    unittest.main()
