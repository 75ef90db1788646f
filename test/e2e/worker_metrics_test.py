"""Tests a worker's own metrics: samoyed-worker --metrics-port."""

import re
import signal
import socket
import subprocess
import unittest

import support

support.require_worker()


class WorkerMetricsTest(support.ProgramTestCase):
    def start_with_metrics(self, *arguments):
        """Starts a worker with metrics, and returns (worker, port of its metrics)."""
        worker = self.start_worker("--metrics-port", "0", *arguments)
        return worker, int(re.search(r"metrics on http://127\.0\.0\.1:(\d+)/metrics\n",
                                     worker.log.text())[1])

    def value(self, port, series):
        text = support.request(port, "/metrics").text
        found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
        self.assertIsNotNone(found, f"{series} in {text}")
        return float(found[1])

    def test_recognitions_are_counted(self):
        worker, port = self.start_with_metrics()
        dispatcher = self.start_dispatcher(workers=[worker])
        image = support.sample("chelsea.png")
        for _ in range(2):
            self.assertEqual(support.upload(dispatcher.port, image).status, 200)
        self.assertEqual(self.value(port, 'samoyed_worker_recognitions_total{outcome="ok"}'), 2)
        self.assertEqual(self.value(port, "samoyed_worker_image_bytes_total"), 2 * len(image))
        self.assertEqual(self.value(port, 'samoyed_worker_phase_seconds_count{phase="forward"}'), 2)
        self.assertEqual(self.value(port, "samoyed_worker_recognitions_in_flight"), 0)
        self.assertGreaterEqual(self.value(port, "samoyed_worker_connections"), 1)
        self.assertGreater(self.value(port, "process_resident_memory_bytes"), 1 << 20)
        answer = support.request(port, "/metrics")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertIn("samoyed_worker_model_info{", answer.text)
        self.assertEqual(support.request(port, "/").status, 404)

    @support.needs_decoding
    def test_refused_images_are_counted_by_reason(self):
        worker, port = self.start_with_metrics()
        dispatcher = self.start_dispatcher(workers=[worker])
        self.assertEqual(support.upload(dispatcher.port, b"no image").status, 415)
        self.assertEqual(self.value(port, 'samoyed_worker_recognitions_total{outcome="unreadable"}'), 1)

    @unittest.skipUnless(support.promtool(), "promtool is missing (scripts/fetch-promtool)")
    def test_promtool_accepts_the_metrics(self):
        _, port = self.start_with_metrics()
        text = support.request(port, "/metrics").body
        checked = subprocess.run([support.promtool(), "check", "metrics"], input=text, check=False,
                                 capture_output=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b""))

    def test_a_slow_scraper_does_not_delay_the_shutdown(self):
        worker, port = self.start_with_metrics()
        with socket.create_connection(("127.0.0.1", port)) as dawdling:
            dawdling.sendall(b"GET /metr")
            self.value(port, "samoyed_worker_threads")
            worker.send(signal.SIGTERM)
            self.assertEqual(worker.wait(), 0)
            dawdling.settimeout(support.HTTP_TIMEOUT_S)
            self.assertEqual(dawdling.recv(1), b"")

    def test_a_port_in_use_is_reported_in_one_line(self):
        _, port = self.start_with_metrics()
        second = self.start(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model", "null",
                            "--metrics-port", port)
        self.assertNotEqual(second.wait(), 0)
        self.assertIn(f"can't listen on 127.0.0.1:{port}: ", second.log.text())

    def test_without_the_option_no_metrics_are_served(self):
        worker = self.start_null_worker()
        self.assertNotIn("metrics", worker.log.text())


if __name__ == "__main__":
    support.main()
