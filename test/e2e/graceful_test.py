"""Graceful shutdown: requests in flight are finished within a time limit, and clients see no error. Also tests the
probes /healthz and /readyz."""

import concurrent.futures
import http.client
import json
import re
import signal
import socket
import threading
import time
import unittest

import support
import wire
from steady_load import SteadyLoad

# The exceptions that a client gets if its connection is cut before its answer.
CUT = (OSError, http.client.HTTPException)
IMAGE_FILE = b"any bytes, where no network looks at them"


class HeldWorker(wire.ScriptedWorker):
    """A worker that sends no answer until `release` is set."""

    def __init__(self, **options):
        self.release = threading.Event()
        super().__init__(on_image=lambda peer: self.release.wait(wire.TIMEOUT_S), **options)


class DispatcherStopTest(wire.TestCase):
    def start_held(self, *arguments, uploads=1, plain=False):
        """Returns (dispatcher, worker, uploads). The worker has received the images, and holds the answers back. With
        `plain`, it is a reference server."""
        worker = HeldWorker(plain=plain)
        self.addCleanup(worker.stop)
        self.addCleanup(worker.release.set)
        dispatcher = self.start_dispatcher(*arguments, workers=[worker.address])
        pool = concurrent.futures.ThreadPoolExecutor(uploads)
        self.addCleanup(pool.shutdown)
        sent = [pool.submit(support.upload, dispatcher.port, IMAGE_FILE) for _ in range(uploads)]
        support.wait_until(lambda: worker.images == uploads, "the uploads to arrive at the worker")
        return dispatcher, worker, sent

    def stop(self, dispatcher):
        dispatcher.send(signal.SIGTERM)
        self.assertTrue(dispatcher.log.wait_for("stopping"))

        def refuses():
            try:
                self.connect(dispatcher.port).close()
            except ConnectionRefusedError:
                return True
            return False

        support.wait_until(refuses, "new connections to be refused")

    def test_requests_in_flight_are_answered(self):
        dispatcher, worker, uploads = self.start_held(uploads=5)
        # Three more connections: one is still sending its body, one has sent only its first line, one is idle.
        head, body = wire.http_upload(IMAGE_FILE)
        half = self.connect(dispatcher.port)
        half.send(head + body[:20])
        begun = self.connect(dispatcher.port)
        begun.send(b"GET /readyz HTTP/1.1\r\n")
        idle = self.connect(dispatcher.port)
        idle.send(wire.http_head("GET", "/healthz"))
        self.assertEqual(wire.read_response(idle)[0], 200)

        self.stop(dispatcher)
        self.assertEqual(idle.receive_rest(), b"")
        begun.send(b"Host: localhost\r\n\r\n")
        status, fields, _ = wire.read_response(begun)
        self.assertEqual(status, 503)
        self.assertIn("Samoyed-Reason: stopping", fields)
        half.send(body[20:])
        support.wait_until(lambda: worker.images == 6, "the upload that was half sent")
        self.assertTrue(dispatcher.is_running())
        worker.release.set()
        for upload in uploads:
            response = upload.result()
            self.assertEqual(response.status, 200, response.text)
            self.assertEqual([row[0] for row in support.result_rows(response.text)], wire.LABELS)
        status, fields, _ = wire.read_response(half)
        self.assertEqual(status, 200)
        self.assertIn("connection: close", fields.lower())
        self.assertEqual(dispatcher.wait(), 0)

    def test_before_it_stops_it_serves_for_a_while_but_is_not_ready(self):
        dispatcher = self.start_dispatcher("--ready-drain-ms", 3600000, workers=[self.start_null_worker()])
        self.assertEqual(support.request(dispatcher.port, "/readyz").status, 200)
        dispatcher.send(signal.SIGTERM)
        self.assertTrue(dispatcher.log.wait_for("new connections are refused in 3600000 ms"))
        for probe in ("/readyz", "/v2/health/ready"):
            response = support.request(dispatcher.port, probe)
            self.assertEqual((response.status, response.headers["Samoyed-Reason"]), (503, "stopping"), probe)
        self.assertEqual(support.request(dispatcher.port, "/healthz").status, 200)
        self.assertEqual(support.upload(dispatcher.port, IMAGE_FILE).status, 200)
        dispatcher.send(signal.SIGTERM)
        self.assertEqual(dispatcher.wait(), -signal.SIGTERM)

    def test_it_stops_by_itself_after_that_and_tells_streams_to_come_back(self):
        dispatcher = self.start_dispatcher("--ready-drain-ms", 300)
        stream = self.connect(dispatcher.port)
        stream.send(wire.http_head("GET", "/api/v1/workers/events"))
        dispatcher.send(signal.SIGTERM)
        self.assertTrue(stream.receive_rest().endswith(b"\r\nretry: 2000\n\n\r\n0\r\n\r\n"))
        self.assertEqual(dispatcher.wait(), 0)

    def test_requests_beyond_the_drain_timeout_are_cut(self):
        dispatcher, _, uploads = self.start_held("--drain-timeout-ms", 300)
        dispatcher.send(signal.SIGTERM)
        self.assertEqual(dispatcher.wait(), 0)
        self.assertIsInstance(uploads[0].exception(), CUT)

    def test_an_image_at_a_reference_server_gets_no_second_drain(self):
        dispatcher, _, uploads = self.start_held("--drain-timeout-ms", 8000, plain=True)
        begin = time.monotonic()
        dispatcher.send(signal.SIGTERM)
        self.assertEqual(dispatcher.wait(), 0)
        # Generous for one drain, but less than two would take.
        self.assertLess(time.monotonic() - begin, 14)
        self.assertIsInstance(uploads[0].exception(), CUT)

    def test_a_second_signal_ends_the_dispatcher_immediately(self):
        dispatcher, _, uploads = self.start_held("--drain-timeout-ms", 3600000)
        self.stop(dispatcher)
        dispatcher.send(signal.SIGTERM)
        self.assertEqual(dispatcher.wait(), -signal.SIGTERM)
        self.assertIsInstance(uploads[0].exception(), CUT)


class WorkerStopTest(wire.TestCase):
    def test_a_stopping_worker_costs_no_client_an_error(self):
        workers = [self.start_null_worker() for _ in range(2)]
        dispatcher = self.start_dispatcher(workers=workers)
        images = [IMAGE_FILE + bytes([number]) for number in range(16)]
        rows = [support.result_rows(support.upload(dispatcher.port, image).text)
                for image in images]
        self.assertEqual({len(row) for row in rows}, {5})
        answered = threading.Semaphore(0)

        def upload(number):
            response = support.upload(dispatcher.port, images[number % len(images)])
            answered.release()
            return response.status, support.result_rows(response.text) == rows[number % len(images)]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            uploads = [pool.submit(upload, number) for number in range(400)]
            for _ in range(100):
                self.assertTrue(answered.acquire(timeout=wire.TIMEOUT_S))
            workers[0].send(signal.SIGTERM)
            results = [upload.result() for upload in uploads]
        self.assertEqual(set(results), {(200, True)})
        self.assertEqual(workers[0].wait(), 0)
        self.assertNotIn("[error]", dispatcher.log.text())

    def metric(self, dispatcher, line):
        return re.findall(f"^{re.escape(line)} (.+)$", support.request(dispatcher.port, "/metrics").text, re.MULTILINE)

    def test_restarted_workers_fail_no_request_and_count_no_failure(self):
        workers = [self.start_null_worker() for _ in range(2)]
        dispatcher = self.start_dispatcher("--probe-pause-ms", 200, workers=workers)
        load = SteadyLoad(dispatcher.port)
        for number in range(10):
            load.wait_for_more(20)
            begin = len(dispatcher.log.lines())
            worker = workers[number % 2]
            worker.stop()
            workers[number % 2] = self.start_null_worker(port=worker.port)
            for words in ("is draining", "has stopped", "is back in rotation"):
                self.assertTrue(dispatcher.log.wait_for(f"worker {worker.address} {words}", start=begin), words)
        load.wait_for_more(50)
        self.assertEqual(list(load.stop()), [200], load.outcomes())
        for worker in workers:
            failed = self.metric(dispatcher, f'samoyed_worker_images_total{{outcome="failed",worker="{worker.address}"}}')
            self.assertEqual(failed, ["0"])
        for change, count in {"removed": "0", "draining": "10", "left": "10", "readmitted": "10"}.items():
            self.assertEqual(self.metric(dispatcher, f'samoyed_worker_changes_total{{change="{change}"}}'), [count], change)

    def test_a_draining_worker_is_shown_as_such_and_serves_while_it_is_alone(self):
        worker = self.start_null_worker("--drain-ms", 3600000)
        dispatcher = self.start_dispatcher("--probe-pause-ms", 200, workers=[worker])
        self.assertEqual(support.upload(dispatcher.port, IMAGE_FILE).status, 200)
        self.assertNotIn("draining", support.say_hello(worker.port))
        worker.send(signal.SIGTERM)
        self.assertTrue(dispatcher.log.wait_for(f"worker {worker.address} is draining"))
        self.assertIs(support.say_hello(worker.port)["draining"], True)
        row, = json.loads(support.request(dispatcher.port, "/api/v1/workers").text)["workers"]
        self.assertEqual((row["state"], row["failed"]), ("draining", 0))
        self.assertIn(">Draining<", support.request(dispatcher.port).text)
        self.assertEqual(self.metric(dispatcher, 'samoyed_workers{state="draining"}'), ["1"])
        self.assertEqual(support.request(dispatcher.port, "/readyz").status, 200)
        self.assertEqual(support.upload(dispatcher.port, IMAGE_FILE).status, 200)
        worker.send(signal.SIGTERM)
        self.assertEqual(worker.wait(), -signal.SIGTERM)
        self.assertTrue(dispatcher.log.wait_for(f"worker {worker.address} has stopped"))
        self.assertNotIn("removed worker", dispatcher.log.text())
        self.assertEqual(support.request(dispatcher.port, "/readyz").status, 503)

    def test_a_stopping_worker_finishes_its_image(self):
        worker = self.start_null_worker()
        peer = self.connect(worker.port)
        idle = self.connect(worker.port)
        size, image = wire.size_and_image(IMAGE_FILE)
        peer.send(size)
        self.assertEqual(peer.receive(1), b"A")
        peer.send(image[:10])
        worker.send(signal.SIGTERM)
        self.assertTrue(worker.log.wait_for("stopping"))
        self.assertEqual(idle.receive_rest(), b"")
        peer.send(image[10:])
        self.assertEqual(peer.receive(1), b"A")
        self.assertEqual(len(peer.receive_text().split(b",")), 5)
        peer.send(b"A")
        self.assertEqual(peer.receive_rest(), b"")
        self.assertEqual(worker.wait(), 0)


class HealthTest(wire.TestCase):
    def assert_ready(self, dispatcher, status, reason=None):
        response = support.request(dispatcher.port, "/readyz")
        self.assertEqual((response.status, response.headers["Samoyed-Reason"]), (status, reason))
        self.assertEqual(support.request(dispatcher.port, "/healthz").status, 200)

    def test_it_is_ready_with_a_worker_in_rotation_and_always_alive(self):
        dispatcher = self.start_dispatcher("--idle-probe-interval-ms", 200, "--probe-pause-ms", 200)
        self.assert_ready(dispatcher, 503, "no_active_worker")
        worker = self.start_null_worker()
        support.request(dispatcher.port, f"/add/{worker.address}")
        self.assert_ready(dispatcher, 200)
        # The death of a worker is noticed even though it is idle and nobody uploads.
        worker.kill()
        self.assertTrue(dispatcher.log.wait_for("removed worker"))
        self.assert_ready(dispatcher, 503, "no_active_worker")
        # Probes may use any host name, HTTP/1.0 or HEAD.
        for host in ("a-pod.cluster.example", f"127.0.0.1:{dispatcher.port}"):
            response = support.request(dispatcher.port, "/healthz", headers={"Host": host})
            self.assertEqual(response.status, 200)
        self.assertEqual(support.request(dispatcher.port, "/healthz", "HEAD").status, 200)
        with socket.create_connection(("127.0.0.1", dispatcher.port)) as plain:
            plain.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            self.assertIn(b" 200 ", plain.recv(100))


if __name__ == "__main__":
    support.main()
