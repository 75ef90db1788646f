"""Tests the man pages and completions that scripts/docs makes from the programs' help.

    manual_test.py SOURCE_DIR BIN_DIR
"""

import gzip
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE_DIR = pathlib.Path(sys.argv[1])
BIN_DIR = pathlib.Path(sys.argv[2])
sys.path.insert(0, str(SOURCE_DIR / "scripts" / "lib"))
import program_help  # noqa: E402  pylint: disable=wrong-import-position


def run(*command, **options):
    return subprocess.run(command, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


class ManualTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.helps = [program_help.read_help(BIN_DIR, program, words) for program, words in program_help.PROGRAMS
                     if (BIN_DIR / program).is_file()]
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        done = run(SOURCE_DIR / "scripts" / "docs", "--manual", cls.folder, "--bin-dir", BIN_DIR)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout

    def complete(self, *words):
        """What bash offers for the last word."""
        function = "_" + words[0].replace("-", "_")
        script = (f"source {self.folder}/bash/{words[0]}; compopt() {{ :; }}; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
                  f"{function}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = run("bash", "-c", script, "bash", *words, cwd=SOURCE_DIR)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.split()

    def test_help_is_read_completely(self):
        for found in self.helps:
            text = run(BIN_DIR / found.words[0], *found.words[1:], "--help-all").stdout
            self.assertEqual({name for option in found.options for name in option.names if name.startswith("--")},
                             set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", text, re.MULTILINE)))
            self.assertTrue(found.examples)

    def test_each_program_has_a_page_with_all_of_its_options(self):
        for found in self.helps:
            name = "-".join(found.words)
            page = gzip.decompress((self.folder / "man1" / f"{name}.1.gz").read_bytes()).decode()
            for option in found.options:
                self.assertIn("\\fB" + option.name.replace("-", "\\-") + "\\fR", page, name)

    @unittest.skipUnless(shutil.which("groff"), "needs groff, which is missing")
    def test_groff_has_no_complaint(self):
        for page in (self.folder / "man1").iterdir():
            done = run("sh", "-c", f"zcat {page} | groff -man -Tutf8 -ww -z")
            self.assertEqual((done.returncode, done.stdout), (0, ""), page.name)

    def test_pages_are_the_same_for_the_same_help(self):
        with tempfile.TemporaryDirectory() as other:
            run(SOURCE_DIR / "scripts" / "docs", "--manual", other, "--bin-dir", BIN_DIR)
            for page in (self.folder / "man1").iterdir():
                self.assertEqual(page.read_bytes(), (pathlib.Path(other) / "man1" / page.name).read_bytes())

    def test_bash_completes_options_values_and_files(self):
        self.assertEqual(self.complete("samoyed-dispatcher", "--data"), ["--data-dir"])
        self.assertEqual(self.complete("samoyed-dispatcher", "--log-format", ""), ["text", "json"])
        self.assertEqual(self.complete("samoyed-dispatcher", "--data-dir", "scri"), ["scripts"])
        self.assertEqual(self.complete("samoyed-dispatcher", "--port", ""), [])
        self.assertEqual(self.complete("clientsocket", "READ"), ["README.md"])
        self.assertEqual(self.complete("clientsocket", "ben"), ["bench"])
        self.assertEqual(self.complete("clientsocket", "bench", "--warm"), ["--warm-up-seconds"])
        self.assertNotIn("--warm-up-seconds", self.complete("clientsocket", "--w"))

    def test_every_shell_can_read_its_completions(self):
        for shell, pattern in (("bash", "bash/*"), ("zsh", "zsh/*"), ("fish", "fish/*")):
            if not shutil.which(shell):
                print(f"not checked: {shell} is missing")
                continue
            for path in self.folder.glob(pattern):
                done = run(shell, "-n", path)
                self.assertEqual((done.returncode, done.stdout), (0, ""), path)

    @unittest.skipUnless(shutil.which("fish"), "needs fish, which is missing")
    def test_fish_completes_options_and_values(self):
        def complete(line):
            script = f"source {self.folder}/fish/{line.split()[0]}.fish; complete -C '{line}'"
            return [word.split("\t")[0] for word in run("fish", "-N", "-c", script, cwd=SOURCE_DIR).stdout.splitlines()]

        self.assertEqual(complete("samoyed-dispatcher --data"), ["--data-dir"])
        self.assertEqual(sorted(complete("samoyed-dispatcher --log-format ")), ["json", "text"])
        self.assertEqual(complete("clientsocket bench --warm"), ["--warm-up-seconds"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
