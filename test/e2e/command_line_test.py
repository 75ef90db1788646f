"""Tests the command lines of all programs: help, wrong options, unusable files, and clientsocket's input and output."""

import csv
import io
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import support

PROGRAMS = [["samoyed-dispatcher"], ["clientsocket"], ["clientsocket", "bench"]]
if support.has_worker():
    PROGRAMS.insert(0, ["samoyed-worker"])


def run(program, *arguments, **options):
    return subprocess.run([support.bin_dir() / program, *map(str, arguments)], text=True, check=False, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **{"stdin": subprocess.DEVNULL, **options})


class HelpTest(unittest.TestCase):
    def test_help_fits_a_terminal_and_shows_no_internals(self):
        for program in PROGRAMS:
            for option in ("--help", "--help-all"):
                done = run(*program, option)
                with self.subTest(program=program, option=option):
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
                    self.assertNotRegex(done.stdout, r"\{|->|\b(INT|UINT|TEXT|FLOAT)\b|=\[")
                    self.assertIn(f"Usage: {' '.join(program)} [OPTIONS]", done.stdout)

    def test_the_short_help_is_short_and_names_the_rest(self):
        for program in ("samoyed-worker", "samoyed-dispatcher"):
            if program not in (words[0] for words in PROGRAMS):
                continue
            short, whole = run(program, "--help").stdout, run(program, "--help-all").stdout
            self.assertLess(short.count("\n"), 50, program)
            self.assertGreater(whole.count("\n"), 2 * short.count("\n"), program)
            self.assertIn("--help-all shows more options: ", short)


class WrongCommandLineTest(unittest.TestCase):
    def check_refused(self, program, arguments, sentence):
        done = run(*program, *arguments)
        name = " ".join(program)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (2, "", f"{name}: {sentence}\nRun '{name} --help' for the options.\n"))

    def test_an_unknown_option_is_named_as_typed(self):
        self.check_refused(["clientsocket"], ["--wroker", "x"], "unknown option --wroker; did you mean --worker?")
        self.check_refused(["samoyed-dispatcher"], ["--prot", "41997"], "unknown option --prot; did you mean --port?")
        self.check_refused(["clientsocket", "bench"], ["--htpp", "x"], "unknown option --htpp; did you mean --http?")
        self.check_refused(["samoyed-dispatcher"], ["9999"], "unexpected argument 9999")

    def test_a_value_outside_its_range_is_refused_in_words(self):
        self.check_refused(["samoyed-dispatcher"], ["--port", "99999"], "--port must be from 0 to 65535, not 99999")
        self.check_refused(["clientsocket"], ["--worker", "a:1", "--top", "many", "x.jpg"],
                           "--top must be a whole number from 1 to 1000, not many")
        self.check_refused(["samoyed-dispatcher"], ["--results-by", "me"],
                           "--results-by must be cookie or address, not me")

    def test_what_is_missing_is_named(self):
        self.check_refused(["clientsocket"], ["--worker", "a:1"], "IMAGE is required")
        self.check_refused(["clientsocket", "bench"], ["x.jpg"], "--worker or --http is required")
        self.check_refused(["samoyed-dispatcher"], ["--port"], "--port needs a value")

    @support.needs_worker
    def test_the_worker_does_the_same(self):
        self.check_refused(["samoyed-worker"], ["127.0.0.1"], "PORT is required")
        self.check_refused(["samoyed-worker"], ["127.0.0.1", "99999"], "PORT must be from 0 to 65535, not 99999")
        self.check_refused(["samoyed-worker"], ["127.0.0.1", "0", "--metrics-address", "::"],
                           "--metrics-address needs --metrics-port")


class UnusableFileTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "file").write_text("not a folder")

    def test_a_dispatcher_says_in_one_line_what_to_do(self):
        for arguments in (["--data-dir", "/proc/x"], ["--data-dir", self.folder / "file"],
                          ["--data-dir", self.folder / "file" / "below"],
                          ["--state", "/proc"], ["--state", self.folder / ("x" * 300)],
                          ["--admin-token-file", self.folder / "none"]):
            done = run("samoyed-dispatcher", "--port", 0, *arguments)
            with self.subTest(arguments=arguments):
                self.assertIn(done.returncode, (1, 2))
                lines = [line for line in done.stderr.splitlines() if not re.match(r"\[|Run '", line)]
                self.assertEqual(len(lines), 1, done.stderr)
                self.assertTrue(lines[0].startswith("samoyed-dispatcher: "), lines)
                self.assertIn(str(arguments[1]), lines[0])
                self.assertRegex(lines[0], "choose|create one")
                self.assertNotIn("filesystem error", lines[0])

    @support.needs_worker
    def test_a_worker_without_its_model_says_where_to_put_one(self):
        done = run("samoyed-worker", "127.0.0.1", 0, "--model", self.folder / "none.pth")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"samoyed-worker: {self.folder}/none.pth: no such file", done.stderr)
        self.assertIn("--model", done.stderr)


class ClientsocketTest(support.ProgramTestCase):
    image = support.sample_path("chelsea.png")

    def recognize(self, worker, *arguments, **options):
        return run("clientsocket", "--worker", worker.address, *arguments, **options)

    def test_standard_input_is_an_image(self):
        worker = self.start_worker()
        with open(self.image, "rb") as image:
            done = self.recognize(worker, "--json", "--repeat", 2, "-", stdin=image)
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([answer["file"] for answer in answers], ["-", "-"])
        of_file = json.loads(self.recognize(worker, "--json", self.image).stdout)
        self.assertEqual([answer["top"] for answer in answers], [of_file["top"]] * 2)

    def test_csv_has_a_row_for_each_label_and_each_error(self):
        worker = self.start_worker()
        done = self.recognize(worker, "--csv", "--quiet", "--top", 3, self.image, "/no/such.png")
        self.assertEqual(done.returncode, 1)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual([row["rank"] for row in rows], ["1", "2", "3", ""])
        self.assertEqual({row["file"] for row in rows[:3]}, {str(self.image)})
        self.assertGreaterEqual(float(rows[0]["probability"]), float(rows[1]["probability"]))
        self.assertEqual(rows[3]["error"], "can't be read: No such file or directory")
        # An untrained network says so in any case.
        self.assertEqual([line for line in done.stderr.splitlines() if not line.startswith("NOTICE: ")],
                         ["/no/such.png: can't be read: No such file or directory"])

    def test_skipped_files_are_named_and_a_summary_closes_the_run(self):
        worker = self.start_worker()
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "cat.PNG").write_bytes(self.image.read_bytes())
            (root / "empty.jpg").touch()
            (root / "notes.txt").write_text("x")
            done = self.recognize(worker, root)
            self.assertEqual(done.returncode, 1)
            lines = done.stderr.splitlines()
            self.assertEqual(lines[0], f"Skipped {root}/notes.txt (extension .txt)")
            self.assertIn(f"{root}/empty.jpg: The file is empty.", lines)
            self.assertRegex(lines[-1], r"^2 images: 1 recognized, 1 failed\. Skipped: 1 file\. \d+\.\d s$")
            quiet = self.recognize(worker, "--quiet", root / "cat.PNG", root)
            self.assertNotRegex(quiet.stderr, "Skipped|Using worker|recognized")
            self.assertEqual(len(quiet.stdout.splitlines()), 2)

    def test_an_empty_file_is_the_same_sentence_everywhere(self):
        worker = self.start_worker()
        dispatcher = self.start_dispatcher(workers=[worker])
        empty = self.recognize(worker, "-")
        self.assertEqual(empty.stderr, "-: The file is empty.\n")
        form = support.upload(dispatcher.port, b"")
        self.assertIn("The file is empty.", form.text)
        posted = support.request(dispatcher.port, "/api/v1/classify", "POST", b"",
                                 {"Content-Type": "image/jpeg"})
        self.assertIn("The file is empty.", posted.text)


if __name__ == "__main__":
    support.main()
