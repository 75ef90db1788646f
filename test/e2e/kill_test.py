"""Two hundred clients upload at the same time, and a worker is killed meanwhile."""

import concurrent.futures
import signal
import threading
import unittest

import support

UPLOADS = 200


class KillTest(support.ProgramTestCase):
    def test_every_upload_is_answered_even_if_a_worker_is_killed(self):
        workers = [self.start_worker() for _ in range(3)]
        dispatcher = self.start_dispatcher(workers=workers)
        images = {name: support.sample(name) for name in ("chelsea.png", "coffee.png")}
        right = {name: support.result_rows(support.upload(dispatcher.port, content).text)
                 for name, content in images.items()}
        self.assertEqual({len(rows) for rows in right.values()}, {5})
        self.assertNotEqual(right["chelsea.png"], right["coffee.png"])

        answered = threading.Semaphore(0)

        def upload(number):
            name = ("chelsea.png", "coffee.png")[number % 2]
            response = support.upload(dispatcher.port, images[name], timeout_s=300)
            answered.release()
            return response.status, support.result_rows(response.text) == right[name]

        with concurrent.futures.ThreadPoolExecutor(UPLOADS) as pool:
            uploads = [pool.submit(upload, number) for number in range(UPLOADS)]
            for _ in range(UPLOADS // 4):
                self.assertTrue(answered.acquire(timeout=300))
            workers[1].send(signal.SIGKILL)
            results = [upload.result() for upload in uploads]
        self.assertEqual(results, [(200, True)] * UPLOADS)
        removals = [line for line in dispatcher.log.lines() if "removed worker" in line]
        self.assertEqual(len(removals), 1, removals)
        self.assertIn(workers[1].address, removals[0])

    def test_a_killed_worker_is_back_after_its_restart(self):
        worker = self.start_worker()
        dispatcher = self.start_dispatcher(workers=[worker])
        image = support.sample("chelsea.png")
        right = support.result_rows(support.upload(dispatcher.port, image).text)
        worker.send(signal.SIGKILL)
        worker.wait()
        # The death is noticed before the next image, even though the connection was idle.
        self.assertTrue(dispatcher.log.wait_for(f"removed worker {worker.address}"))
        self.assertEqual(support.upload(dispatcher.port, image).status, 503)
        self.start_worker(port=worker.port)
        self.assertTrue(dispatcher.log.wait_for(f"worker {worker.address} is back in rotation"))
        response = support.upload(dispatcher.port, image)
        self.assertEqual(response.status, 200)
        self.assertEqual(support.result_rows(response.text), right)

    def test_a_worker_that_is_dead_at_the_start_is_noticed_before_the_first_upload(self):
        dead = self.start_worker()
        dead.kill()
        # Idle workers are not probed during this test, so the probe at the start must notice it.
        dispatcher = self.start_dispatcher("--idle-probe-interval-ms", 3600000, workers=[dead])
        self.assertTrue(dispatcher.log.wait_for(f"removed worker {dead.address}"))
        self.assertEqual(support.request(dispatcher.port, "/readyz").status, 503)

    def test_a_worker_that_stops_costs_no_upload(self):
        workers = [self.start_worker() for _ in range(2)]
        dispatcher = self.start_dispatcher(workers=workers)
        image = support.sample("chelsea.png")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            uploads = [pool.submit(support.upload, dispatcher.port, image) for _ in range(40)]
            uploads[0].result()
            workers[0].stop()
            self.assertEqual([upload.result().status for upload in uploads], [200] * len(uploads))


if __name__ == "__main__":
    support.main()
