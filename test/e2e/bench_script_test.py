"""Tests a small part of scripts/bench, and how it evaluates its measurements."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import support
import bench_against
import bench_report
import bench_run
import bench_service
import queueing

support.require_release_build()


@support.needs_worker
class BenchScriptTest(unittest.TestCase):
    def bench(self, *arguments):
        return subprocess.run(
            [support.SOURCE_DIR / "scripts" / "bench", "--quick", "--model", "null", "--bin-dir",
             support.bin_dir(), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300,
            check=False)

    def test_a_section_is_written_as_markdown_and_json(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "bench.json"
            done = self.bench("--only", "open,dispatcher,start_up", "--json", file)
            self.assertEqual(done.returncode, 0, done.stderr)
            results = json.loads(file.read_text())
        self.assertGreater(results["dispatcher"]["per_core_per_s"], 0)
        self.assertGreater(results["dispatcher"]["page_ms"], 0)
        self.assertGreater(results["start_up"]["ready_s"], 0)
        self.assertGreater(results["machine"]["cores"], 0)
        self.assertNotIn("closed", results)
        tables = [line for line in done.stdout.splitlines() if line.startswith("| ---")]
        self.assertEqual(len(tables), 4)
        for loads in results["open"].values():
            self.assertEqual(set(loads), {"0.5", "0.8", "0.95", "2.0"})
            for row in loads.values():
                self.assertGreater(row["goodput_per_s"], 0)
                self.assertGreaterEqual(row["latency_ms"]["p99"], row["latency_ms"]["p50"])
        self.assertIn(f"{results['dispatcher']['per_core_per_s']:,.0f}", done.stdout)
        self.assertRegex(done.stdout, r"\| dispatcher: recognitions/s per core \| [\d,.]+ \| at least 10000 \|")
        self.assertRegex(done.stdout,
                         r"\| forward: speed relative to ONNX Runtime \| - \| at least 1 \| not measured \|")

    def test_the_help_shows_both_forms_of_the_call(self):
        done = self.bench("--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"\Ausage: scripts/bench \[--quick\] .*\n +scripts/bench --against BIN-DIR .*\n\nMeasures ")

    def test_tls_is_compared_with_plain_text(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "bench.json"
            done = self.bench("--only", "tls", "--json", file)
            self.assertEqual(done.returncode, 0, done.stderr)
            results = json.loads(file.read_text())
        self.assertEqual(results["left_out"], {})
        for row in results["tls"].values():
            self.assertEqual(set(row), {"plain text", "TLS"})
            for figures in row.values():
                for key in ("per_s", "per_core_per_s", "median_ms"):
                    self.assertGreater(figures[key], 0)
        self.assertRegex(done.stdout, r"\| 10 kB \| [\d,]+ \| [\d,]+ \| \d")

    def test_an_unknown_section_is_an_error(self):
        done = self.bench("--only", "dispatcher,nothing")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no such section: nothing", done.stderr)

    def test_two_builds_are_compared(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "bench.json"
            done = self.bench("--against", support.bin_dir(), "--json", file)
            self.assertIn(done.returncode, (0, 1), done.stderr)
            results = json.loads(file.read_text())
        self.assertEqual(results["left_out"], {})
        self.assertEqual(len(results["against"]), 5)
        for row in results["against"]:
            self.assertEqual([len(row[build]) for build in ("this", "other")], [results["rounds"]] * 2)
            self.assertGreater(row["ratio"], 0)
            self.assertIn(f"| {row['what']} |", done.stdout)
        self.assertEqual(done.returncode, 1 if any(row["worse"] for row in results["against"]) else 0)

    def test_a_folder_without_programs_is_an_error(self):
        done = self.bench("--against", "/nowhere")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no samoyed-worker in /nowhere", done.stderr)


class ComparisonTest(unittest.TestCase):
    def compare(self, is_rate, this, other=(100, 100, 100, 100, 100)):
        return bench_against.Comparison("speed", is_rate, list(this), list(other))

    def test_a_measure_is_worse_if_it_loses_more_than_three_percent_and_more_than_the_spread(self):
        slower, faster = (93, 94, 95, 96, 97), (107, 106, 105, 104, 103)
        self.assertTrue(self.compare(True, slower).worse)
        self.assertFalse(self.compare(True, faster).worse)
        self.assertTrue(self.compare(False, faster).worse)
        self.assertFalse(self.compare(False, slower).worse)

    def test_small_losses_and_losses_within_the_spread_do_not_count(self):
        self.assertFalse(self.compare(True, (97, 98, 98, 98, 99)).worse)
        self.assertFalse(self.compare(True, (80, 85, 90, 97, 99)).worse)

    def test_each_round_is_compared_with_the_other_builds_same_round(self):
        comparison = self.compare(True, (50, 100, 200), (100, 200, 400))
        self.assertEqual((comparison.ratio, comparison.quartiles), (0.5, (0.5, 0.5)))

    def test_the_table_shows_which_measure_is_worse(self):
        text = bench_report.comparisons([self.compare(True, (90, 90, 90)), self.compare(False, (90, 90, 90))])
        self.assertIn("| speed | 90.00 | 100.00 | 0.900 | 0.900 .. 0.900 | WORSE |", text)
        self.assertIn("| speed | 90.00 | 100.00 | 0.900 | 0.900 .. 0.900 | ok |", text)


class QueueingTest(unittest.TestCase):
    def test_perfect_service_is_an_m_d_c_queue(self):
        self.assertAlmostEqual(queueing.perfect_p99(0.01, 2), 1, delta=0.01)
        self.assertAlmostEqual(queueing.perfect_p99(0.5, 2), 2.6, delta=0.1)
        self.assertAlmostEqual(queueing.perfect_p99(0.8, 2), 6.0, delta=0.3)
        # A single server that is twice as fast, measured in its own service times.
        self.assertGreater(queueing.perfect_p99(0.8, 1), queueing.perfect_p99(0.8, 2))


class TurnsTest(unittest.TestCase):
    def test_measures_take_turns_and_the_median_counts(self):
        order = []
        turns = bench_run.Turns(3, lambda text: None, begin_round=lambda: order.append("|"))

        def measure(name, values):
            def one(number):
                order.append(name)
                return {"ms": values[number], "label": name}
            return one

        turns.add("a", measure("a", [1, 9, 2]))
        turns.add("b", measure("b", [5, 4, 6]))
        self.assertEqual(turns.run(), {"a": {"ms": 2, "label": "a"}, "b": {"ms": 5, "label": "b"}})
        self.assertEqual("".join(order), "|ab|ab|ab")

    def test_a_measure_that_fails_once_is_left_out_and_named(self):
        turns = bench_run.Turns(2, lambda text: None)

        def fails_later(number):
            if number == 1:
                raise bench_run.CannotRun("sees class 3")
            return {"ms": 1}

        turns.add("wrong", fails_later)
        turns.add("right", lambda number: {"ms": number})
        self.assertEqual(turns.run(), {"right": {"ms": 0.5}})
        self.assertEqual(turns.failures, {"wrong": "sees class 3"})

    def test_medians_reach_into_objects_and_skip_missing_values(self):
        results = [{"a": {"x": 1}, "b": None, "c": None}, {"a": {"x": 3}, "b": 4, "c": None},
                   {"a": {}, "b": 8, "c": None}]
        self.assertEqual(bench_run.median_of(results), {"a": {"x": 2}, "b": 6, "c": None})

    def test_a_failing_programs_error_is_reported(self):
        with self.assertRaisesRegex(bench_run.CannotRun, "No such file"):
            bench_run.run_json("/nowhere/at/all")
        with self.assertRaisesRegex(bench_run.CannotRun, "ImportError: no torch"):
            bench_run.run_json(sys.executable, "-c", "raise ImportError('no torch')")
        self.assertEqual(bench_run.run_json(sys.executable, "-c", "print('x'); print('{\"a\": 1}')"), {"a": 1})


class PooledPercentileTest(unittest.TestCase):
    def test_the_percentile_covers_all_runs_together(self):
        runs = [{"recognized": 1500, "slowest_ms": [9.0, 8.0, 2.0, 1.0]},
                {"recognized": 1500, "slowest_ms": [7.0, 6.0, 5.0, 1.0]}]
        # Three of 3000 may be slower.
        self.assertEqual(bench_service.pooled_percentile(runs, 0.999), 6.0)

    def test_the_percentile_is_none_if_too_few_of_the_slowest_are_known(self):
        for runs in ([], [{"recognized": 0, "slowest_ms": []}], [{"recognized": 5000, "slowest_ms": [3.0, 2.0]}]):
            self.assertIsNone(bench_service.pooled_percentile(runs, 0.999))


class ReportTest(unittest.TestCase):
    RESULTS = {
        "machine": {"model": "M", "cores": 2, "flags": ["avx2"], "load": 0.1}, "quick": False, "rounds": 5,
        "primary": "basketball", "left_out": {"OpenCV DNN": "not installed"},
        "forward": {"Samoyed": {"median_ms": 4.0, "per_s_all_cores": 500.0}, "ONNX Runtime": {"median_ms": 5.0}},
        "closed": {"basketball": {"pipeline in one process": {"per_s": 200.0},
                                  "worker, direct": {"per_s": 180.0, "generator_cores": 0.01},
                                  "Python, reference BLAS": {"per_s": 15.0}}},
        "alone": {"worker, direct": {"median_ms": 8.0, "p99_ms": 9.0}}}

    def test_targets_are_reached_missed_or_not_measured(self):
        text = bench_report.markdown(self.RESULTS)
        self.assertIn("| forward: speed relative to ONNX Runtime | 1.25 | at least 1 | yes |", text)
        self.assertIn("| worker, direct: throughput relative to the pipeline in one process | 0.90 | at least 0.95 "
                      "| NO |", text)
        self.assertIn("| worker, direct: throughput relative to plain Python | 12.00 | at least 10 | yes |", text)
        self.assertIn("| worker's memory, MB | - | at most 250 | not measured |", text)

    def test_the_cost_of_a_megabyte_has_a_column_for_each_size(self):
        buffers = {"worker": {"1": {"0.25": {"ms_per_mb": 1.5, "faults_per_mb": 0}, "30": {"ms_per_mb": 1.25}}}}
        text = bench_report.markdown({**self.RESULTS, "buffers": buffers})
        self.assertIn("| per megabyte | 0.25 MB | 30 MB |", text)
        self.assertIn("| worker, 1 client: CPU ms | 1.50 | 1.25 |", text)
        self.assertIn("| worker, 1 client: page faults | 0.0 | - |", text)

    def test_tables_have_a_dash_for_missing_values_and_name_what_was_left_out(self):
        text = bench_report.markdown(self.RESULTS)
        self.assertIn("| Samoyed | 4.00 | - | 500 | 1.00 |", text)
        self.assertIn("| ONNX Runtime | 5.00 | - | - | 1.25 |", text)
        self.assertIn("| Python, reference BLAS | 15.0 | 12.00 | - | - | - |", text)
        self.assertIn("Left out: OpenCV DNN (not installed).", text)
        for table in text.split("\n\n"):
            rows = [line for line in table.splitlines() if line.startswith("|")]
            self.assertEqual(len({row.count("|") for row in rows}), 1 if rows else 0, table)

    def test_the_tables_are_put_between_the_pages_markers(self):
        begin, end = bench_report.BEGIN, bench_report.END
        self.assertEqual(bench_report.with_tables(f"a\n{begin}\nold\n{end}\nb\n", "new\n"),
                         f"a\n{begin}\nnew\n{end}\nb\n")
        for page in ("", begin, end, f"{end}\n{begin}", f"{begin}{begin}{end}"):
            with self.assertRaisesRegex(ValueError, "add them where the tables belong"):
                bench_report.with_tables(page, "new\n")


if __name__ == "__main__":
    support.main()
