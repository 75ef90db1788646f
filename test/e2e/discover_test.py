"""Workers found by DNS (--discover): a real dnsmasq, dispatchers and workers without a network on 127.0.0.x."""

import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import unittest

import support
import name_server  # In scripts/lib, which `support` adds to the path.
from name_server import NameServer, ZONE

TOKEN = "discover-test-token"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
# An hour, so that a test sees what doesn't wait for the hold.
HOLD_FOREVER = ("--discover-hold-ms", 3600000)
NO_HOLD = ("--discover-hold-ms", 1)


@unittest.skipUnless(name_server.DNSMASQ, "dnsmasq is missing (scripts/setup --test installs it)")
class DiscoverCase(support.ProgramTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start_dns(self, *options, start=True, port=None):
        dns = NameServer(*options, port=port)
        self.addCleanup(dns.close)
        return dns.start() if start else dns

    def start_discovering(self, dns, *arguments, names, interval_ms=(100, 250), **options):
        """Starts a dispatcher that looks up `names`, by default at least four times a second."""
        token_file = f"{self.folder}/token"
        with open(token_file, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(TOKEN)
        discover = [argument for name in names for argument in ("--discover", name)]
        return self.start_dispatcher(*discover, "--dns-server", dns.address,
                                     "--discover-interval-min-ms", interval_ms[0],
                                     "--discover-interval-max-ms", interval_ms[1],
                                     "--admin-token-file", token_file, *arguments, **options)

    def start_workers(self, count):
        """Starts workers on 127.0.0.2 and the following addresses, all on the same free port. Returns (workers,
        port)."""
        first = self.start(support.bin_dir() / "samoyed-worker", "127.0.0.2", 0, "--model", "null").wait_until_ready()
        others = [self.start(support.bin_dir() / "samoyed-worker", f"127.0.0.{2 + number}", first.port, "--model",
                             "null").wait_until_ready() for number in range(1, count)]
        return [first, *others], first.port

    def listed(self, dispatcher):
        """The API's list of workers."""
        return json.loads(support.request(dispatcher.port, "/api/v1/workers", headers=AUTHORIZED).body)

    def workers(self, dispatcher):
        """The state of each worker, by its address without the port."""
        return {worker["address"].rpartition(":")[0]: worker["state"]
                for worker in self.listed(dispatcher)["workers"]}

    def status(self, dispatcher, index=0):
        return self.listed(dispatcher)["discovery"][index]

    def metric(self, dispatcher, name):
        """The sum of a metric over all names."""
        text = support.request(dispatcher.port, "/metrics", headers=AUTHORIZED).text
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name + "{"))

    def wait_for_workers(self, dispatcher, expected):
        support.wait_until(lambda: self.workers(dispatcher) == expected,
                           f"the workers {expected}; now they are {self.workers(dispatcher)}")

    def wait_for_lookups(self, dispatcher, count):
        """Waits until `count` more lookups have ended."""
        # The one in progress may have asked before the call.
        enough = self.metric(dispatcher, "samoyed_discovery_lookups_total") + count + 2
        support.wait_until(lambda: self.metric(dispatcher, "samoyed_discovery_lookups_total") >= enough,
                           f"{count} more lookups")


NO_SERVER = "no DNS server can be reached, or each one fails (SERVFAIL, REFUSED)"
READY = "in_rotation"
GONE = "removed"


class ComingAndGoingTest(DiscoverCase):
    def test_a_healthy_worker_is_held_and_then_leaves_without_a_failed_request(self):
        dns = self.start_dns()
        _, port = self.start_workers(3)
        dns.set("workers", ["127.0.0.2", "127.0.0.3", "127.0.0.4"])
        names = [f"workers.{ZONE}.:{port}"]
        holding = self.start_discovering(dns, *HOLD_FOREVER, names=names)
        draining = self.start_discovering(dns, *NO_HOLD, names=names)
        everyone = dict.fromkeys(["127.0.0.2", "127.0.0.3", "127.0.0.4"], READY)
        for dispatcher in (holding, draining):
            self.wait_for_workers(dispatcher, everyone)
        ended = threading.Event()
        statuses = []

        def upload_all_the_time():
            number = 0
            while not ended.is_set():
                number += 1
                statuses.append(support.upload(draining.port, b"image %d" % number).status)

        uploads = threading.Thread(target=upload_all_the_time)
        uploads.start()
        try:
            dns.set("workers", ["127.0.0.2", "127.0.0.3"])
            self.wait_for_workers(draining, dict.fromkeys(["127.0.0.2", "127.0.0.3"], READY))
            self.wait_for_lookups(holding, 3)
            self.assertEqual(self.workers(holding), everyone)
            uploaded = len(statuses)
            support.wait_until(lambda: len(statuses) > uploaded + 2, "uploads without the worker")
        finally:
            ended.set()
            uploads.join()
        self.assertEqual(set(statuses), {200})
        # It comes back as it went.
        dns.set("workers", list(everyone))
        self.wait_for_workers(draining, everyone)

    def test_a_failing_worker_that_dns_dropped_is_forgotten_without_a_hold(self):
        dns = self.start_dns()
        workers, port = self.start_workers(3)
        dns.set("workers", ["127.0.0.2", "127.0.0.3", "127.0.0.4"])
        dispatcher = self.start_discovering(dns, *HOLD_FOREVER, "--idle-probe-interval-ms", 200,
                                            names=[f"workers.{ZONE}.:{port}"])
        self.wait_for_workers(dispatcher, dict.fromkeys(["127.0.0.2", "127.0.0.3", "127.0.0.4"], READY))
        workers[0].kill()
        workers[1].kill()
        failing = {"127.0.0.2": GONE, "127.0.0.3": GONE, "127.0.0.4": READY}
        self.wait_for_workers(dispatcher, failing)
        # DNS still has them: they are probed and may come back.
        self.wait_for_lookups(dispatcher, 3)
        self.assertEqual(self.workers(dispatcher), failing)
        # Two of three are more than half: only a second answer removes them.
        dns.set("workers", ["127.0.0.4"])
        self.wait_for_workers(dispatcher, {"127.0.0.4": READY})

    def test_a_name_that_no_longer_exists_has_no_workers(self):
        dns = self.start_dns()
        _, port = self.start_workers(2)
        dns.set("workers", ["127.0.0.2", "127.0.0.3"])
        dispatcher = self.start_discovering(dns, *NO_HOLD, names=[f"workers.{ZONE}.:{port}"])
        self.wait_for_workers(dispatcher, {"127.0.0.2": READY, "127.0.0.3": READY})
        dns.set("workers", [])
        self.wait_for_workers(dispatcher, {})
        status = self.status(dispatcher)
        self.assertEqual((status["workers"], status["problem"]), (0, "DNS has no addresses for it"))
        self.assertIsNotNone(status["answered"])

    def test_failed_lookups_change_nothing(self):
        dns = self.start_dns()
        _, port = self.start_workers(2)
        dns.set("workers", ["127.0.0.2", "127.0.0.3"])
        both = {"127.0.0.2": READY, "127.0.0.3": READY}
        dispatcher = self.start_discovering(dns, *NO_HOLD, names=[f"workers.{ZONE}.:{port}"])
        self.wait_for_workers(dispatcher, both)
        self.assertEqual(self.metric(dispatcher, "samoyed_discovery_failures_total"), 0)
        for code, problem in [(name_server.SERVFAIL, NO_SERVER), (None, "no DNS server answered in time")]:
            dns.stop()
            broken = name_server.BrokenNameServer(dns.port, code)
            self.addCleanup(broken.close)
            # pylint: disable=cell-var-from-loop
            support.wait_until(lambda: broken.questions and self.status(dispatcher).get("problem") == problem, problem)
            failures = self.metric(dispatcher, "samoyed_discovery_failures_total")
            if code is not None:
                support.wait_until(
                    lambda: self.metric(dispatcher, "samoyed_discovery_failures_total") >= failures + 3,
                    "three more failures")
            self.assertGreater(failures, 0)
            self.assertEqual(self.workers(dispatcher), both)
            broken.close()
            dns.start()
            support.wait_until(lambda: "problem" not in self.status(dispatcher), "an answer")
        # Nobody listens at the server's port.
        dns.stop()
        support.wait_until(lambda: self.status(dispatcher).get("problem") == NO_SERVER, "a refused connection")
        self.assertEqual(self.workers(dispatcher), both)
        page = support.request(dispatcher.port, "/", headers=AUTHORIZED).text
        self.assertIn(NO_SERVER, page)
        self.assertTrue(dispatcher.log.wait_for(f"can't find all workers by workers.{ZONE}.:{port}: .*DNS server"))
        self.assertGreaterEqual(self.metric(dispatcher, "samoyed_discovery_answer_age_seconds"), 0)

    def test_dns_may_be_down_at_the_start(self):
        dns = self.start_dns(start=False)
        _, port = self.start_workers(1)
        dispatcher = self.start_discovering(dns, names=[f"workers.{ZONE}.:{port}"])
        self.assertTrue(dispatcher.log.wait_for(r"can't find all workers by workers\.cell\.test\.:\d+: "
                                                "no DNS server can be reached, .*; workers known by it: 0"))
        status = self.status(dispatcher)
        self.assertEqual((status["workers"], status["answered"]), (0, None))
        self.assertEqual(support.request(dispatcher.port, "/readyz").status, 503)
        dns.set("workers", ["127.0.0.2"])
        dns.start()
        self.wait_for_workers(dispatcher, {"127.0.0.2": READY})
        self.assertEqual(support.request(dispatcher.port, "/readyz").status, 200)

    def test_a_lost_worker_makes_its_name_looked_up_at_once(self):
        dns = self.start_dns()
        workers, port = self.start_workers(2)
        dns.set("workers", ["127.0.0.2"])
        dispatcher = self.start_discovering(dns, "--idle-probe-interval-ms", 200, interval_ms=(3600000, 3600000),
                                            names=[f"workers.{ZONE}.:{port}"])
        self.wait_for_workers(dispatcher, {"127.0.0.2": READY})
        dns.set("workers", ["127.0.0.3"])
        workers[0].kill()
        # The next lookup after that one is an hour away, so its answer isn't confirmed.
        self.wait_for_workers(dispatcher, {"127.0.0.2": GONE, "127.0.0.3": READY})


class RecordsTest(DiscoverCase):
    def test_cname_srv_and_addresses_of_both_families_are_one_set(self):
        workers, port = self.start_workers(2)
        dns = self.start_dns(f"--cname=alias.{ZONE},workers.{ZONE}",
                             f"--srv-host=_samoyed._tcp.{ZONE},third.{ZONE},{port}",
                             f"--srv-host=_samoyed._tcp.{ZONE},workers.{ZONE},{port}", start=False)
        six = self.start_on_ipv6(port)
        dns.set("workers", ["127.0.0.2"])
        dns.set("third", ["127.0.0.3"] + (["::1"] if six else []))
        dns.start()
        expected = {"127.0.0.2": READY, "127.0.0.3": READY, **({"[::1]": READY} if six else {})}
        dispatcher = self.start_discovering(dns, *NO_HOLD,
                                            names=[f"alias.{ZONE}.:{port}", f"_samoyed._tcp.{ZONE}."])
        self.wait_for_workers(dispatcher, expected)
        support.wait_until(lambda: self.status(dispatcher, 0)["workers"] == 1, "the alias")
        support.wait_until(lambda: self.status(dispatcher, 1)["workers"] == len(expected), "the services")
        # What one of the names has dropped stays while the other one has it.
        dns.stop()
        alone = self.start_dns(f"--cname=alias.{ZONE},workers.{ZONE}", start=False, port=dns.port)
        alone.set("workers", ["127.0.0.2"])
        alone.start()
        self.wait_for_workers(dispatcher, {"127.0.0.2": READY})
        self.assertEqual([worker["discovered_by"] for worker in self.listed(dispatcher)["workers"]],
                         [f"alias.{ZONE}.:{port}"])
        self.assertTrue(all(worker.is_running() for worker in workers))

    def start_on_ipv6(self, port):
        """Starts a worker on ::1. Returns False if the machine has no IPv6."""
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", port))
        except OSError:
            return False
        self.start(support.bin_dir() / "samoyed-worker", "::1", port, "--model", "null").wait_until_ready()
        return True

    def test_an_answer_that_is_too_large_for_a_datagram_is_read_by_tcp(self):
        dns = self.start_dns(start=False)
        addresses = [f"127.0.1.{number}" for number in range(1, 251)]
        dns.set("workers", addresses)
        dns.start()
        dispatcher = self.start_discovering(dns, names=[f"workers.{ZONE}.:9"])
        support.wait_until(lambda: set(self.workers(dispatcher)) == set(addresses), "250 workers")

    def test_addresses_outside_the_workers_networks_are_left_out(self):
        dns = self.start_dns(start=False)
        _, port = self.start_workers(1)
        dns.set("workers", ["127.0.0.2", "192.0.2.7"])
        dns.start()
        dispatcher = self.start_discovering(dns, names=[f"workers.{ZONE}.:{port}"])
        self.wait_for_workers(dispatcher, {"127.0.0.2": READY})
        self.assertIn("its address 192.0.2.7 is outside the networks that workers may be in",
                      self.status(dispatcher)["problem"])


class SourcesTest(DiscoverCase):
    def sources(self, dispatcher):
        return {worker["address"].rpartition(":")[0]: worker["source"]
                for worker in self.listed(dispatcher)["workers"]}

    def change(self, dispatcher, path):
        response = support.request(dispatcher.port, path, method="POST", headers=AUTHORIZED)
        self.assertEqual(response.status, 200)

    def test_each_source_owns_its_workers(self):
        dns = self.start_dns()
        _, port = self.start_workers(3)
        addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
        dns.set("workers", addresses)
        state = f"{self.folder}/workers"
        dispatcher = self.start_discovering(dns, *NO_HOLD, "--state", state, workers=[f"127.0.0.2:{port}"],
                                            names=[f"workers.{ZONE}.:{port}"])
        support.wait_until(lambda: self.sources(dispatcher) == {"127.0.0.2": "both", "127.0.0.3": "dns",
                                                                "127.0.0.4": "dns"}, "all sources")
        self.change(dispatcher, f"/add/127.0.0.3:{port}")
        self.assertEqual(self.sources(dispatcher)["127.0.0.3"], "both")
        with open(state) as file:
            kept = [line for line in file.read().splitlines() if not line.startswith("#")]
        self.assertEqual(kept, [f"127.0.0.2:{port}", f"127.0.0.3:{port}"])
        page = support.request(dispatcher.port, "/", headers=AUTHORIZED).text
        self.assertEqual(page.count(f"found by workers.{ZONE}.:{port}"), 3)
        dns.set("workers", [])
        support.wait_until(lambda: self.sources(dispatcher) == {"127.0.0.2": "address", "127.0.0.3": "address"},
                           "only the workers with an address of their own")

    def test_a_worker_that_someone_deleted_is_held_out_while_dns_has_it(self):
        dns = self.start_dns()
        _, port = self.start_workers(2)
        dns.set("workers", ["127.0.0.2", "127.0.0.3"])
        dispatcher = self.start_discovering(dns, *NO_HOLD, names=[f"workers.{ZONE}.:{port}"])
        both = {"127.0.0.2": READY, "127.0.0.3": READY}
        self.wait_for_workers(dispatcher, both)
        self.change(dispatcher, f"/del/127.0.0.2:{port}")
        self.wait_for_lookups(dispatcher, 3)
        self.assertEqual(self.workers(dispatcher), {"127.0.0.3": READY})
        # After DNS has dropped it, it may come back.
        dns.set("workers", ["127.0.0.3"])
        support.wait_until(lambda: self.status(dispatcher)["workers"] == 1, "DNS without the worker")
        dns.set("workers", ["127.0.0.2", "127.0.0.3"])
        self.wait_for_workers(dispatcher, both)


class MonitoringTest(DiscoverCase):
    """A dispatcher whose DNS server doesn't answer has all metrics of discovery."""

    def metrics(self):
        dispatcher = self.start_discovering(self.start_dns(start=False), names=[f"workers.{ZONE}:1"])
        return support.request(dispatcher.port, "/metrics", headers=AUTHORIZED).text

    def test_dashboard_and_alerts_use_the_metrics_that_there_are(self):
        there = set(re.findall(r"^(samoyed_discovery_\w+)\{name=", self.metrics(), re.MULTILINE))
        self.assertEqual(len(there), 4)
        dashboard = (support.SOURCE_DIR / "scripts" / "grafana" / "samoyed.json").read_text()
        alerts = (support.SOURCE_DIR / "packaging" / "prometheus" / "samoyed.rules.yml").read_text()
        self.assertEqual(set(re.findall(r"samoyed_discovery_\w+", dashboard)), there)
        self.assertLessEqual({"samoyed_discovery_answer_age_seconds", "samoyed_discovery_workers"},
                             set(re.findall(r"samoyed_discovery_\w+", alerts)) & there)

    @unittest.skipUnless(support.promtool(), "promtool is missing (scripts/fetch-promtool)")
    def test_promtool_accepts_the_metrics(self):
        checked = subprocess.run([support.promtool(), "check", "metrics"], input=self.metrics(), check=False,
                                 capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))


class CommandLineTest(DiscoverCase):
    def refusal(self, *arguments):
        ended = subprocess.run([support.bin_dir() / "samoyed-dispatcher", "--port", "0", *map(str, arguments)],
                               capture_output=True, text=True, timeout=support.HTTP_TIMEOUT_S, check=False)
        self.assertEqual(ended.returncode, 2, ended.stderr)
        return ended.stderr

    def test_bad_names_and_servers_are_refused_at_the_start(self):
        for name in ("workers", "10.0.0.1:8888", "workers:0", "_samoyed._tcp.cell.test:8888"):
            self.assertIn(f'"{name}" can\'t be looked up; expected NAME:PORT', self.refusal("--discover", name))
        self.assertIn('"dns.test" isn\'t a DNS server\'s address', self.refusal("--dns-server", "dns.test"))
        self.assertIn("must be at least --discover-interval-min-ms",
                      self.refusal("--discover-interval-min-ms", 2, "--discover-interval-max-ms", 1))


if __name__ == "__main__":
    support.main()
