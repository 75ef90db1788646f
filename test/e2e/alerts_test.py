"""Tests the alerts for Prometheus, the metric that the autoscaler of Kubernetes uses, and the dashboard's panels, without
programs of ours: promtool computes them from series that are made up."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import support

RULES = support.SOURCE_DIR / "packaging/prometheus/samoyed.rules.yml"
ADAPTER = support.SOURCE_DIR / "deploy/kubernetes/autoscaling/prometheus-adapter.yaml"

# Which alert fires of which series. Their values are one a minute: `5+0x30` is a 5 and then 30 more, `0+60x30` grows.
# Then the alerts that fire after the minutes.
A = '{instance="a",job="samoyed"}'
CASES = [
    ({f"samoyed_store_lease_age_seconds{A}": "4+0x30"}, {20: []}),
    ({f"samoyed_store_lease_age_seconds{A}": "0 0 40 0+0x30"},
     {1: [], 2: ["SamoyedStoreUnreachable"], 3: []}),
    ({f"samoyed_store_lease_age_seconds{A}": "1 12 1 1 12 1 1 12 1 1 12 1 1"},
     {4: [], 8: ["SamoyedLeaseNearItsEnd"]}),
    ({f"samoyed_store_oldest_snapshot_seconds{A}": "0+60x30",
      'samoyed_store_oldest_snapshot_seconds{instance="b",job="samoyed"}': "0+60x30"},
     {10: [], 11: ["SamoyedStoreOldSnapshot"]}),
    ({f"samoyed_store_refused_ends_total{A}": "0 0 0 1+0x60"}, {2: [], 5: ["SamoyedStoreRefusesEnds"], 30: []}),
    ({f"samoyed_jobs_oldest_waiting_seconds{A}": "0+60x40"}, {15: [], 20: [], 21: ["SamoyedJobsWaitLong"]}),
    ({f"samoyed_storage_available{A}": "0+0x30"}, {4: [], 5: ["SamoyedStorageUnavailable"]}),
]

JOBS = 'samoyed_jobs{{instance="{}",namespace="n",state="{}"}}'
# What is in progress at dispatchers with a store of their own, and at ones that share one.
IN_PROGRESS = [
    ({'samoyed_requests_in_flight{instance="a",namespace="n"}': "2",
      'samoyed_requests_in_flight{instance="b",namespace="n"}': "3"}, 5),
    ({'samoyed_requests_in_flight{instance="a",namespace="n"}': "1",
      JOBS.format("a", "waiting"): "10", JOBS.format("a", "running"): "2",
      JOBS.format("b", "waiting"): "20", JOBS.format("b", "running"): "4"}, 37),
    ({'samoyed_requests_in_flight{instance="a",namespace="n"}': "1",
      'samoyed_store_lease_age_seconds{instance="a",namespace="n"}': "1",
      'samoyed_store_lease_age_seconds{instance="b",namespace="n"}': "1",
      JOBS.format("a", "waiting"): "10", JOBS.format("a", "running"): "2",
      JOBS.format("b", "waiting"): "11", JOBS.format("b", "running"): "2"}, 14),
]


def series(values):
    return [{"series": name, "values": value} for name, value in values.items()]


def alert_names():
    return re.findall(r"- alert: (\w+)", RULES.read_text())


@unittest.skipUnless(support.promtool(), "needs promtool: run scripts/fetch-promtool")
class AlertsTest(unittest.TestCase):
    def run_promtool(self, tests):
        """Runs promtool's own unit tests. JSON is YAML, too."""
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "tests.yml"
            file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
            ran = subprocess.run([support.promtool(), "test", "rules", file], text=True, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(ran.returncode, 0, ran.stdout)

    def test_promtool_accepts_the_rules(self):
        checked = subprocess.run([support.promtool(), "check", "rules", RULES], text=True, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_an_alert_fires_when_it_should_and_only_then(self):
        # Whether an alert fires is a series, which needs no copy of the alert's texts.
        for values, expected in CASES:
            with self.subTest(values=values):
                tests = [{"expr": 'count by (alertname) (ALERTS{alertstate="firing"})', "eval_time": f"{minute}m",
                          "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in names]}
                         for minute, names in expected.items()]
                self.run_promtool([{"interval": "1m", "input_series": series(values), "promql_expr_test": tests}])

    def test_the_alerts_of_the_store_are_tested(self):
        tested = {name for _, expected in CASES for names in expected.values() for name in names}
        self.assertEqual({name for name in alert_names() if re.search("Store|Lease|Jobs", name)} - tested, set())

    def test_the_autoscalers_metric_counts_jobs_of_a_shared_store_once(self):
        text = ADAPTER.read_text().split("metricsQuery: >-\n")[1]
        query = " ".join(text.split()).replace("<<.LabelMatchers>>", 'namespace="n"')
        for values, expected in IN_PROGRESS:
            with self.subTest(values=values):
                self.run_promtool([{"interval": "1m", "input_series": series(values), "promql_expr_test": [
                    {"expr": query, "eval_time": "0m", "exp_samples": [{"labels": "{}", "value": expected}]}]}])


class OperationsTest(unittest.TestCase):
    def test_every_alert_is_described(self):
        document = (support.SOURCE_DIR / "docs/operations.md").read_text()
        self.assertEqual([name for name in alert_names() if f"`{name}`" not in document], [])


if __name__ == "__main__":
    support.main()
