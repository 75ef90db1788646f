"""Tests the sections of scripts/bench that need PostgreSQL and HAProxy: `store` and `cluster`."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import support
import bench_report
import bench_store_report
from unpacked import find_postgresql, find_program

support.require_release_build()


@support.needs_worker
class BenchStoreTest(unittest.TestCase):
    def bench(self, sections):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "bench.json"
            done = subprocess.run(
                [support.SOURCE_DIR / "scripts" / "bench", "--quick", "--model", "null", "--bin-dir", support.bin_dir(),
                 "--only", sections, "--json", file], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, timeout=300, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(file.read_text()), done.stdout

    @unittest.skipUnless(find_postgresql(), "needs PostgreSQL, which scripts/setup --test unpacks")
    def test_jobs_in_postgresql(self):
        results, text = self.bench("store")
        self.assertEqual(results["left_out"], {})
        measured = results["store"]
        for load, _, _ in bench_store_report.LOADS:
            self.assertGreater(measured[load]["per_s"], 0)
        self.assertGreater(measured["in_16s"]["postgres_cpu_ms"], 0)
        self.assertGreaterEqual(measured["pick_up"]["p99_ms"], measured["pick_up"]["p50_ms"])
        # Their leases last for 30 s.
        self.assertEqual(measured["rescue"]["jobs"], 2)
        self.assertGreater(measured["rescue"]["fastest_s"], 20)
        self.assertGreater(measured["snapshot"]["after_per_s"], 0)
        self.assertIn(f"| {measured['in_16s']['per_s']:,.0f} |", text)

    @unittest.skipUnless(find_program("haproxy"), "needs HAProxy, which scripts/setup --test unpacks")
    def test_several_dispatchers_and_many_workers(self):
        results, text = self.bench("cluster")
        measured = results["cluster"]
        for name, by_count in measured["workers"].items():
            self.assertEqual(list(by_count), ["1", "2", "4"])
            for figures in by_count.values():
                self.assertGreater(figures["cpu_ms"], 0)
            self.assertIn(f"\n| {name} | {by_count['1']['cpu_ms']:.3f} |", text)
        for name, row in measured["balanced"].items():
            self.assertIn(f"| {name} | {row['one_per_s']:,.0f} | {row['two_per_s']:,.0f} | {row['of_twice']:.2f} |", text)
        # Where this process may not make control groups, the script says so.
        for what, why in results["left_out"].items():
            self.assertIn("control group", why, what)


class ReportTest(unittest.TestCase):
    RESULTS = {
        "machine": {"model": "M", "cores": 2, "flags": [], "load": 0.1}, "quick": False, "rounds": 5, "primary": "dog",
        "left_out": {},
        "store": {"in_16s": {"per_s": 2500.0, "cpu_ms": 0.25, "postgres_cpu_ms": 0.5, "generator_cores": 0.1},
                  "pick_up": {"p50_ms": 9, "p99_ms": 60}, "rescue": {"fastest_s": 26.0, "slowest_s": 34.5},
                  "snapshot": {"before_per_s": 2000.0, "after_per_s": 1700.0, "loss": 0.15, "held_s": 600}},
        "cluster": {"balanced": {"without a store": {"one_per_s": 1000.0, "two_per_s": 1900.0, "of_twice": 0.95}},
                    "workers": {"without a store": {"1": {"cpu_ms": 0.08}, "64": {"cpu_ms": 0.12}}}}}

    def test_targets_are_reached_or_missed(self):
        text = bench_report.markdown(self.RESULTS)
        self.assertIn("| jobs/s in PostgreSQL: 10 kB, 16 per request, until they are done | 2,500.00 | at least 2000 | yes |",
                      text)
        self.assertIn("| jobs/s in PostgreSQL: 100 kB, one per request, until they are done | - | at least 300 | not measured |",
                      text)
        self.assertIn("| jobs: p99 of the pick-up by an idle dispatcher, ms | 60.00 | at most 50 | NO |", text)
        self.assertIn("| jobs: the slowest after kill -9, s | 34.50 | at most 35 | yes |", text)
        self.assertIn("| jobs: throughput lost while a snapshot is held | 0.15 | at most 0.2 | yes |", text)
        self.assertIn("| two dispatchers behind HAProxy / twice one, without a store | 0.95 | at least 0.9 | yes |", text)
        self.assertIn("| dispatcher's CPU per image, distance from the middle, without a store | 0.20 | at most 0.2 | yes |",
                      text)

    def test_tables_name_how_long_the_snapshot_was_held_and_each_number_of_workers(self):
        text = bench_report.markdown(self.RESULTS)
        self.assertIn("| 10 kB, 16 per request, until they are done | 2,500 | 0.25 | 0.50 | 0.10 |", text)
        self.assertIn("| jobs/s before and after a snapshot was held for 600 s | 2,000 | 1,700 |", text)
        self.assertIn("| dispatcher | 1 worker | 64 workers | distance from the middle |", text)
        for table in text.split("\n\n"):
            rows = [line for line in table.splitlines() if line.startswith("|")]
            self.assertEqual(len({row.count("|") for row in rows}), 1 if rows else 0, table)

    def test_they_run_on_request_only(self):
        results = {key: value for key, value in self.RESULTS.items() if key not in ("store", "cluster")}
        self.assertNotIn("PostgreSQL", bench_report.markdown(results))
        self.assertEqual(set(bench_report.ON_REQUEST), {"store", "cluster"})


if __name__ == "__main__":
    support.main()
