"""Timeouts and failing workers: what a hung, slow or dead worker, or a bad image, costs a request, and how workers come
back."""

import concurrent.futures
import json
import re
import subprocess
import threading
import time
import unittest

import support
import wire

IMAGE_FILE = b"any bytes, where no network looks at them"
# Far longer than any test here may take. Anything that takes this long has hung.
FOREVER_MS = 3600000
# Frequent probes, for tests in which workers come back.
SOON = ("--probe-pause-ms", 200, "--probe-pause-max-ms", 400)
NO_PROBES = ("--idle-probe-interval-ms", FOREVER_MS)


def reason(response):
    return response.status, response.headers["Samoyed-Reason"]


class FaultyWorkersTestCase(wire.TestCase):
    def script(self, *arguments, **options):
        worker = wire.ScriptedWorker(*arguments, **options)
        self.addCleanup(worker.stop)
        return worker

    def start_for(self, *workers, options=()):
        return self.start_dispatcher(*options, workers=[worker.address for worker in workers])

    def assert_recognized(self, response):
        self.assertEqual(response.status, 200, response.text)
        self.assertEqual([row[0] for row in support.result_rows(response.text)], wire.LABELS)

    def assert_removed(self, dispatcher, workers):
        """Checks that these workers and no others were removed, once each. If `workers` is empty, the log may lag
        behind, because nothing waits for it."""
        def removed():
            return re.findall(r"removed worker (\S+):", dispatcher.log.text())

        support.wait_until(lambda: len(removed()) >= len(workers), "the workers' removal")
        self.assertEqual(sorted(removed()), sorted(worker.address for worker in workers))

    def shown_in_rotation(self, dispatcher):
        return support.request(dispatcher.port, "/readyz").status == 200


def drips_result(peer):
    """Sends an endless result, one byte at a time."""
    peer.send(b"D ")
    while True:
        peer.send(b"x")
        time.sleep(0.1)


class HungWorkerTest(FaultyWorkersTestCase):
    def test_a_hung_worker_costs_the_step_timeout_once(self):
        for what, behavior in (("connected", {"on_connect": wire.waits_for_end}),
                                ("image accepted", {"on_image": wire.waits_for_end}),
                                ("result drips", {"on_image": drips_result})):
            with self.subTest(what):
                hung, sound = self.script(**behavior), self.script()
                dispatcher = self.start_for(hung, sound, options=(
                    "--answer-timeout-ms", 700, "--result-timeout-ms", 700, "--request-timeout-ms",
                    FOREVER_MS, "--probe-pause-ms", FOREVER_MS, *NO_PROBES))
                responses = [support.upload(dispatcher.port, IMAGE_FILE) for _ in range(4)]
                for response in responses:
                    self.assert_recognized(response)
                self.assert_removed(dispatcher, [hung])
                # Only one request tried it. The later ones don't wait for it.
                self.assertLessEqual(len(hung.sizes), 1)
                self.assertEqual(sound.images, 4)

    def test_a_request_timeout_ends_in_504_and_removes_no_worker(self):
        hung = self.script(on_image=wire.waits_for_end)
        dispatcher = self.start_for(hung, options=("--request-timeout-ms", 500, *NO_PROBES))
        response = support.upload(dispatcher.port, IMAGE_FILE)
        self.assertEqual(reason(response), (504, "deadline"))
        self.assertNotIn("removed worker", dispatcher.log.text())
        # The dispatcher told the worker how long it would wait for the answer.
        self.assertRegex(hung.sizes[0].decode(), r";timeout_ms=\d+$")
        self.assertLessEqual(int(hung.sizes[0].decode().rpartition("=")[2]), 500)

    def test_clientsocket_has_a_request_timeout_too(self):
        hung = self.script(on_image=wire.waits_for_end)
        done = subprocess.run([support.bin_dir() / "clientsocket", "--worker", hung.address,
                               "--request-timeout-ms", "500", support.sample_path("chelsea.png")],
                              text=True, capture_output=True, check=False,
                              timeout=support.HTTP_TIMEOUT_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No worker answered in time", done.stderr)

    def test_retries_share_the_request_timeout(self):
        """Each of five hung workers stays within its step's timeout, but together they don't get five times as long."""
        hung = [self.script(on_image=wire.waits_for_end) for _ in range(5)]
        dispatcher = self.start_for(*hung, options=("--request-timeout-ms", 1000, "--result-timeout-ms",
                                                    400, *NO_PROBES))
        response = support.upload(dispatcher.port, IMAGE_FILE)
        self.assertEqual(reason(response), (504, "deadline"))
        self.assertLessEqual(sum(worker.images for worker in hung), 3)
        timeouts = [int(size.decode().rpartition("=")[2]) for worker in hung for size in worker.sizes]
        self.assertLess(min(timeouts), 1000 - 400 + 1)


class LeavingClientTest(FaultyWorkersTestCase):
    def leave(self, dispatcher, worker):
        """Plays a client that leaves as soon as the worker has its image."""
        head, body = wire.http_upload(IMAGE_FILE)
        client = self.connect(dispatcher.port)
        client.send(head + body)
        support.wait_until(lambda: worker.images > 0, "the image at the worker")
        client.close()

    def test_its_work_at_a_samoyed_worker_is_cancelled(self):
        worker = self.script(on_image=wire.waits_for_end)
        dispatcher = self.start_for(worker, options=("--request-timeout-ms", FOREVER_MS,
                                                     "--result-timeout-ms", FOREVER_MS, *NO_PROBES))
        self.leave(dispatcher, worker)
        support.wait_until(lambda: worker.cuts == 1, "the worker to see the connection closed")
        self.assertNotIn("removed worker", dispatcher.log.text())

    @unittest.skipIf(support.model_is_null(), "needs a network, which takes time")
    def test_its_image_leaves_a_workers_queue(self):
        """The worker's CPU time shows whether it recognizes images that nobody waits for."""
        worker = self.start_worker("--threads", 1)
        image_file = support.sample("chelsea.png")
        size, image = wire.size_and_image(image_file)

        def send(peers):
            for peer in peers:
                peer.send(size)
                self.assertEqual(peer.receive(1), b"A")
            for peer in peers:
                peer.send(image)
            return wire.cpu_seconds(worker)

        def recognize_one():
            peer = self.connect(worker.port)
            peer.recognize(image_file)
            peer.close()

        staying = self.crowd(worker.port, 60)
        before = send(staying)
        for peer in staying:
            self.assertEqual(peer.receive(1), b"A")
            peer.receive_text()
            peer.close()
        wanted_s = wire.cpu_seconds(worker) - before

        leaving = self.crowd(worker.port, 60)
        before = send(leaving)
        for peer in leaving:
            peer.close()
        recognize_one()
        self.assertLess(wire.cpu_seconds(worker) - before, wanted_s / 2)

    def test_a_transfer_to_a_reference_server_is_completed(self):
        """A reference server would spin forever on a cut image. So the rest is sent, and the result is discarded."""
        reading = threading.Event()
        read_slowly = threading.Event()

        def on_connect(peer):
            """Accepts the size, but reads no byte of the image until the client has left."""
            text = peer.receive_text()
            if text == b"hello":
                peer.send(b"A")
                raise wire.Gone
            server.sizes.append(text)
            peer.send(b"A")
            reading.set()
            read_slowly.wait(wire.TIMEOUT_S)
            peer.receive(int(text) + 8)
            server.images += 1
            peer.send(b"A")
            server._answer(peer, extended=False)
            raise wire.Gone

        server = self.script(plain=True, on_connect=on_connect)
        self.addCleanup(read_slowly.set)
        dispatcher = self.start_for(server, options=NO_PROBES)
        head, body = wire.http_upload(bytes(16 << 20))  # More than the buffers on the way can hold.
        client = self.connect(dispatcher.port)
        client.send(head + body)
        self.assertTrue(reading.wait(wire.TIMEOUT_S))
        client.close()
        time.sleep(0.5)
        read_slowly.set()
        support.wait_until(lambda: server.answers == 1, "the whole exchange")
        self.assertNotIn("removed worker", dispatcher.log.text())


class HedgeTest(FaultyWorkersTestCase):
    def test_the_first_answer_wins(self):
        slow, fast = self.script(on_image=wire.waits_for_end), self.script()
        dispatcher = self.start_for(slow, fast, options=("--hedge-after-ms", 200, "--request-timeout-ms",
                                                         FOREVER_MS, "--result-timeout-ms", FOREVER_MS,
                                                         *NO_PROBES))
        for _ in range(4):
            self.assert_recognized(support.upload(dispatcher.port, IMAGE_FILE))
        self.assertEqual(fast.images, 4)
        support.wait_until(lambda: slow.cuts == slow.images, "the losers to be cancelled")
        self.assertNotIn("removed worker", dispatcher.log.text())


class ReadmissionTest(FaultyWorkersTestCase):
    def remove(self, dispatcher, worker):
        worker.kill()
        self.assertEqual(reason(support.upload(dispatcher.port, IMAGE_FILE)), (503, "no_active_worker"))
        self.assertTrue(dispatcher.log.wait_for("removed worker"))

    def test_a_worker_that_comes_back_is_used_again(self):
        worker = self.start_null_worker()
        dispatcher = self.start_dispatcher(*SOON, workers=[worker])
        rows = support.result_rows(support.upload(dispatcher.port, IMAGE_FILE).text)
        self.remove(dispatcher, worker)
        self.assertFalse(self.shown_in_rotation(dispatcher))
        self.assertIn(worker.address, support.request(dispatcher.port).text)  # The page lists it as removed.
        self.start_null_worker(port=worker.port)
        support.wait_until(lambda: self.shown_in_rotation(dispatcher), "the worker's return")
        response = support.upload(dispatcher.port, IMAGE_FILE)
        self.assertEqual((response.status, support.result_rows(response.text)), (200, rows))
        self.assertTrue(dispatcher.log.wait_for("back in rotation"))

    def test_two_good_probes_are_needed(self):
        worker = self.script()
        dispatcher = self.start_for(worker, options=SOON + NO_PROBES)
        worker.stop()
        support.upload(dispatcher.port, IMAGE_FILE)
        self.assertTrue(dispatcher.log.wait_for("removed worker"))
        before = worker.connections
        worker.start()
        support.wait_until(lambda: self.shown_in_rotation(dispatcher), "the worker's return")
        self.assertGreaterEqual(worker.connections - before, 2)
        # Probes send no image.
        self.assertEqual(worker.sizes, [])

    def test_a_reference_server_comes_back_unharmed(self):
        server = self.script(plain=True)
        dispatcher = self.start_for(server, options=SOON + NO_PROBES)
        server.stop()
        support.upload(dispatcher.port, IMAGE_FILE)
        self.assertTrue(dispatcher.log.wait_for("removed worker"))
        server.start()
        support.wait_until(lambda: self.shown_in_rotation(dispatcher), "the server's return")
        self.assertEqual((server.sizes, server.cuts), ([], 0))
        self.assert_recognized(support.upload(dispatcher.port, IMAGE_FILE))

    def assert_stays_away(self, dispatcher, worker):
        """Checks that the worker isn't even contacted after it is back on its port."""
        worker.start()
        before = worker.connections
        time.sleep(2)
        self.assertEqual(worker.connections, before)
        self.assertNotIn(worker.address, support.request(dispatcher.port).text)

    def remove_scripted(self, *options):
        worker = self.script()
        dispatcher = self.start_for(worker, options=options)
        worker.stop()
        self.assertEqual(reason(support.upload(dispatcher.port, IMAGE_FILE)), (503, "no_active_worker"))
        return dispatcher, worker

    def test_with_no_readmit_a_removed_worker_stays_away_as_in_the_reference(self):
        self.assert_stays_away(*self.remove_scripted(*SOON, "--no-readmit"))

    def test_delete_forgets_a_removed_worker(self):
        dispatcher, worker = self.remove_scripted(*SOON)
        self.assertIn(worker.address, support.request(dispatcher.port).text)
        self.assertEqual(support.request(dispatcher.port, f"/del/{worker.address}").status, 200)
        self.assert_stays_away(dispatcher, worker)

    def test_a_worker_that_stays_away_is_forgotten(self):
        """Workers are forgotten only while most of them live. Otherwise the dispatcher's own network may be down."""
        options = (*SOON, "--forget-after-s", 1, "--idle-probe-interval-ms", 300)
        away, alive = self.script(), self.script()
        dispatcher = self.start_for(away, alive, options=options)
        away.stop()
        self.assertTrue(dispatcher.log.wait_for("forgot worker"))
        self.assert_stays_away(dispatcher, away)
        alive.stop()
        self.assertTrue(dispatcher.log.wait_for(f"removed worker {alive.address}"))
        time.sleep(2)
        self.assertIn(alive.address, support.request(dispatcher.port).text)

    def test_all_workers_come_back_after_failing_at_once(self):
        workers = [self.script() for _ in range(6)]
        dispatcher = self.start_for(*workers, options=SOON)
        for worker in workers:
            worker.stop()
        self.assertEqual(reason(support.upload(dispatcher.port, IMAGE_FILE)), (503, "no_active_worker"))
        for worker in workers:
            worker.start()
        support.wait_until(lambda: sum("back in rotation" in line for line in dispatcher.log.lines())
                           == len(workers), "all workers' return")
        for _ in workers:
            self.assert_recognized(support.upload(dispatcher.port, IMAGE_FILE))
        self.assertEqual([worker.images for worker in workers], [1] * len(workers))


def resets(peer):
    """For `on_image`: acts like a worker that is killed before it has read everything. The kernel resets the
    connection."""
    peer.socket.setsockopt(wire.socket.SOL_SOCKET, wire.socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
    raise wire.Gone


class PoisonTest(FaultyWorkersTestCase):
    OPTIONS = ("--probe-pause-ms", FOREVER_MS, *NO_PROBES)

    def test_after_two_workers_closed_or_died_no_third_is_tried(self):
        for first in (wire.ends_at_once, resets):
            for second in (wire.ends_at_once, resets):
                with self.subTest(first=first.__name__, second=second.__name__):
                    workers = [self.script(first), self.script(second), self.script()]
                    dispatcher = self.start_for(*workers, options=self.OPTIONS)
                    response = support.upload(dispatcher.port, IMAGE_FILE)
                    self.assertEqual(reason(response), (422, "workers_closed"))
                    self.assertEqual([worker.images for worker in workers], [1, 1, 0])
                    # Workers that closed cleanly stay. Workers that died are removed.
                    died = [worker for worker in workers if worker.on_image is resets]
                    self.assert_removed(dispatcher, died)

    def test_after_one_worker_closed_the_next_one_answers(self):
        dispatcher = self.start_for(self.script(wire.ends_at_once), self.script(), options=self.OPTIONS)
        self.assert_recognized(support.upload(dispatcher.port, IMAGE_FILE))

    def test_other_failures_do_not_count_against_the_image(self):
        """Other failures are refused connections, cuts before the image was complete, and timeouts."""

        def cuts_after_size(peer):
            if peer.receive_text() == b"hello":
                peer.send(wire.message(worker_hello))
                peer.receive_text()
            peer.send(b"A")
            peer.receive(5)
            resets(peer)

        worker_hello = self.script().hello
        refusing = [self.script() for _ in range(3)]
        for worker in refusing:
            worker.stop()
        cutting = [self.script(on_connect=cuts_after_size) for _ in range(3)]
        hanging = [self.script(wire.waits_for_end) for _ in range(3)]
        sound = self.script()
        dispatcher = self.start_for(*refusing, *cutting, *hanging, sound, options=(
            "--result-timeout-ms", 400, "--request-timeout-ms", FOREVER_MS, *self.OPTIONS))
        # More than the buffers on the way can hold. Otherwise the image would be sent completely in spite of the cut.
        self.assert_recognized(support.upload(dispatcher.port, bytes(16 << 20)))
        self.assert_removed(dispatcher, refusing + cutting + hanging)


class BusyTest(FaultyWorkersTestCase):
    def test_full_workers_stay_and_others_are_tried(self):
        busy, sound = self.script(refusal="busy"), self.script()
        dispatcher = self.start_for(busy, sound, options=NO_PROBES)
        for _ in range(4):
            self.assert_recognized(support.upload(dispatcher.port, IMAGE_FILE))
        self.assertEqual(sound.images, 4)
        self.assertGreater(busy.images, 0)
        self.assertNotIn("removed worker", dispatcher.log.text())

    def test_a_worker_whose_hello_says_busy_is_sent_no_image(self):
        busy, sound = self.script(hello={"busy": True}), self.script()
        dispatcher = self.start_for(options=NO_PROBES)
        for worker in (busy, sound):
            support.request(dispatcher.port, f"/add/{worker.address}")

        def probed():
            listed = json.loads(support.request(dispatcher.port, "/api/v1/workers").text)["workers"]
            return all(worker["network"] for worker in listed)

        support.wait_until(probed, "the probes of the added workers")
        # Otherwise the probe's connection would carry the first image, without another hello.
        busy.stop()
        busy.start()
        for _ in range(2):
            self.assert_recognized(support.upload(dispatcher.port, IMAGE_FILE))
        self.assertEqual((busy.sizes, sound.images), ([], 2))
        self.assertGreater(busy.connections, 0)

    def test_it_is_reported_if_all_workers_are_full(self):
        dispatcher = self.start_for(self.script(refusal="busy"), self.script(refusal="busy"),
                                    options=(*NO_PROBES, "--request-timeout-ms", 1000))
        response = support.upload(dispatcher.port, IMAGE_FILE)
        self.assertEqual(reason(response), (503, "all_busy"))
        self.assertTrue(response.headers["Retry-After"])
        self.assertTrue(self.shown_in_rotation(dispatcher))

    def test_a_real_worker_that_is_full(self):
        """The queue holds one image, and a dozen come at a time. They wait at the dispatcher, and each is answered."""
        worker = self.start_worker("--threads", 1, "--queue-length-max", 1)
        dispatcher = self.start_dispatcher("--request-timeout-ms", FOREVER_MS, workers=[worker])
        image_file = support.sample("chelsea.png")
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            responses = list(pool.map(lambda _: support.upload(dispatcher.port, image_file), range(36)))
        self.assertEqual({reason(response) for response in responses}, {(200, None)})
        self.assertNotIn("removed worker", dispatcher.log.text())
        self.assertEqual(support.upload(dispatcher.port, image_file).status, 200)


if __name__ == "__main__":
    support.main()
