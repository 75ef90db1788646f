"""Tests `clientsocket bench` with real programs: its counts add up, and it reports what it can't measure."""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time

import support
import wire

SECONDS = 1


class BenchTest(support.ProgramTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.image = pathlib.Path(folder.name) / "image.jpg"
        self.image.write_bytes(os.urandom(10000))

    def bench(self, *arguments, status=0):
        """Runs `clientsocket bench --json`. Returns the report that it prints, or its message if it prints none."""
        done = subprocess.run(
            [support.bin_dir() / "clientsocket", "bench", "--json", "--seconds", str(SECONDS),
             "--warm-up-seconds", "0.2", *arguments, self.image],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=120, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout) if done.stdout else done.stderr

    def check_sum(self, report):
        self.assertGreater(report["sent"], 0)
        self.assertEqual(report["sent"], report["recognized"] + sum(report["refused"].values())
                         + sum(report["failed"].values()), report)

    def check_all_recognized(self, report):
        self.check_sum(report)
        self.assertEqual(report["sent"], report["recognized"])
        self.assertGreater(report["goodput_per_s"], 0)
        self.assertEqual(report["goodput_per_s"], report["throughput_per_s"])
        latency = report["latency_ms"]
        self.assertGreater(latency["p50"], 0)
        self.assertEqual(sorted(latency.values()), list(latency.values()))
        self.assertGreater(report["generator_cores"], 0)

    def test_workers_in_a_closed_loop(self):
        workers = [self.start_null_worker(), self.start_null_worker()]
        report = self.bench("--clients", "4", "--worker", workers[0].address, "--worker",
                            workers[1].address)
        self.check_all_recognized(report)
        self.assertEqual(set(report["step_median_ms"]), {"size", "image", "result"})
        self.assertEqual(set(report["worker_median_ms"]), {"queue", "decode", "resize", "forward"})
        self.assertEqual(report["target"], ", ".join(f"worker {one.address}" for one in workers))
        for worker in workers:
            self.assertIn("10000 bytes", worker.log.text())

    def test_a_worker_with_fresh_connections(self):
        worker = self.start_null_worker()
        self.check_all_recognized(self.bench("--fresh-connections", "--worker", worker.address))

    def test_the_page_in_both_loops(self):
        dispatcher = self.start_dispatcher(workers=[self.start_null_worker()])
        url = f"http://{dispatcher.address}"
        self.check_all_recognized(self.bench("--http", url, "--clients", "3"))
        report = self.bench("--http", url, "--rate", "100", "--seed", "5")
        self.check_all_recognized(report)
        self.assertEqual((report["rate_per_s"], report["seed"]), (100, 5))
        # The same seed makes the same number of requests due.
        self.assertEqual(report["sent"], self.bench("--http", url, "--rate", "100", "--seed", "5")["sent"])

    def test_the_api_in_both_loops(self):
        dispatcher = self.start_dispatcher(workers=[self.start_null_worker()])
        url = f"http://{dispatcher.address}/api/v1/classify?top=3"
        self.check_all_recognized(self.bench("--http", url, "--clients", "3"))
        self.check_all_recognized(self.bench("--http", url, "--rate", "100"))

    def test_refusals_are_counted_by_reason(self):
        dispatcher = self.start_dispatcher()
        for path in ("/", "/api/v1/classify"):
            report = self.bench("--http", f"http://{dispatcher.address}{path}")
            self.check_sum(report)
            self.assertEqual(list(report["refused"]), ["503 no_active_worker"])
            self.assertIsNone(report["latency_ms"])
            self.assertEqual(report["goodput_per_s"], 0)
            self.assertGreater(report["throughput_per_s"], 0)
        worker = wire.ScriptedWorker(refusal="unreadable")
        self.addCleanup(worker.stop)
        report = self.bench("--worker", worker.address)
        self.check_sum(report)
        self.assertEqual(list(report["refused"]), ["unreadable"])

    def test_failures_are_counted_and_end_with_status_1(self):
        images = []

        def second_image_on_closes(_):
            images.append(1)
            if len(images) > 1:
                raise wire.Gone

        worker = wire.ScriptedWorker(on_image=second_image_on_closes)
        self.addCleanup(worker.stop)
        report = self.bench("--worker", worker.address, status=1)
        self.check_sum(report)
        self.assertEqual(report["recognized"], 0)
        self.assertEqual(list(report["failed"]), ["End of file"])

    def test_requests_beyond_the_generators_limit_count_as_failed(self):
        worker = wire.ScriptedWorker(on_image=lambda peer: time.sleep(0.3))
        self.addCleanup(worker.stop)
        report = self.bench("--worker", worker.address, "--rate", "50", "--in-flight-max", "2", status=1)
        self.check_sum(report)
        self.assertGreater(report["failed"]["unsent: too many in flight"], 0)
        self.assertGreater(report["recognized"], 0)

    def test_a_stall_is_not_hidden_in_the_open_loop(self):
        # 50 images are due within one second, but the last is answered only after ten.
        turn = threading.Lock()

        def slow(_):
            with turn:
                time.sleep(0.2)

        stalling = wire.ScriptedWorker(on_image=slow)
        self.addCleanup(stalling.stop)
        report = self.bench("--worker", stalling.address, "--rate", "50")
        self.assertGreater(report["latency_ms"]["max"], 3000)

    def test_a_dead_target_is_reported_before_the_load(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        for target in (["--worker", f"127.0.0.1:{port}"], ["--http", f"http://127.0.0.1:{port}/"]):
            message = self.bench(*target, status=1)
            self.assertRegex(message, rf"127\.0\.0\.1:{port}/? did not answer a test image: Connection refused")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            for target in (["--worker", f"127.0.0.1:{port}"], ["--http", f"http://127.0.0.1:{port}/"]):
                message = self.bench(*target, "--request-timeout-ms", "200", status=1)
                self.assertRegex(message, rf"127\.0\.0\.1:{port}/? did not answer a test image: ")
        worker = self.start_null_worker()
        message = self.bench("--worker", worker.address, "--worker", f"127.0.0.1:{port}", status=1)
        self.assertIn(f"127.0.0.1:{port} did not answer", message)

    def test_missing_images_are_reported(self):
        self.image.unlink()
        self.assertIn("image.jpg: can't be read", self.bench("--worker", "127.0.0.1:1", status=1))


if __name__ == "__main__":
    support.main()
