"""Two hundred people upload at once, and a worker is killed under them."""

import concurrent.futures
import signal
import threading
import unittest

import support

UPLOADS = 200


class KillTest(support.ProgramTestCase):
    def test_every_upload_is_answered_though_a_worker_is_killed(self):
        workers = [self.start_worker() for _ in range(3)]
        dispatcher = self.start_dispatcher(workers=workers)
        pictures = {name: support.sample(name) for name in ("chelsea.png", "coffee.png")}
        right = {name: support.result_rows(support.upload(dispatcher.port, content).text)
                 for name, content in pictures.items()}
        self.assertEqual({len(rows) for rows in right.values()}, {5})
        self.assertNotEqual(right["chelsea.png"], right["coffee.png"])

        answered = threading.Semaphore(0)

        def upload(number):
            name = ("chelsea.png", "coffee.png")[number % 2]
            response = support.upload(dispatcher.port, pictures[name], timeout_s=300)
            answered.release()
            return response.status, support.result_rows(response.text) == right[name]

        with concurrent.futures.ThreadPoolExecutor(UPLOADS) as pool:
            uploads = [pool.submit(upload, number) for number in range(UPLOADS)]
            for _ in range(UPLOADS // 4):
                self.assertTrue(answered.acquire(timeout=300))
            workers[1].send(signal.SIGKILL)
            results = [upload.result() for upload in uploads]
        self.assertEqual(results, [(200, True)] * UPLOADS)
        self.assertNotIn(workers[1].address, support.request(dispatcher.port).text)
        removals = [line for line in dispatcher.log.lines() if "removed worker" in line]
        self.assertEqual(len(removals), 1, removals)


if __name__ == "__main__":
    support.main()
