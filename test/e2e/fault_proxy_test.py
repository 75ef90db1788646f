"""Connections between dispatcher and worker fail at every step of the exchange, in every way.

usage: fault_proxy_test.py [--seed N] [unittest's arguments]
"""

import collections
import concurrent.futures
import random
import sys
import time
import unittest

import support
from fault_proxy import Fault, FaultProxy, combinations, random_faults
from sample_images import facts_of, labels_of, png

SEED = random.SystemRandom().randrange(1 << 32)
if "--seed" in sys.argv:
    at = sys.argv.index("--seed")
    SEED = int(sys.argv[at + 1])
    del sys.argv[at:at + 2]

# The programs' timeout for a step. It is short, so that a hung step costs little, but long enough that a step doesn't
# time out just because the machine is busy.
STEP_TIMEOUT_MS = 4000 if support.is_sanitized() else 3000
TIMEOUTS = ["--connect-timeout-ms", STEP_TIMEOUT_MS, "--answer-timeout-ms", STEP_TIMEOUT_MS,
            "--image-timeout-ms", STEP_TIMEOUT_MS, "--result-timeout-ms", STEP_TIMEOUT_MS]
# Four steps on each of two workers and a fresh connection would take half of this time.
REQUEST_TIMEOUT_S = 60
RANDOM_PHASE_S = 8
# How a request may end if two workers failed with the same image, or all workers failed at the same time.
DOCUMENTED = {(422, "workers_closed"), (503, "no_active_worker"), (504, "deadline")}


class FaultProxyTest(support.ProgramTestCase):
    def setUp(self):
        self.images = [png(8 + number, 8, number) for number in range(64)]
        self.next_image = 0
        self.hurt_worker = self.start_worker(model="null")
        self.good_worker = self.start_worker(model="null")
        quiet = self.start_dispatcher(workers=[self.good_worker])
        self.right = [labels_of(support.upload(quiet.port, image).text)
                      for image in self.images]
        self.assertEqual(len(set(self.right)), len(self.images))
        quiet.stop()

    def start_proxy(self, worker):
        proxy = FaultProxy(worker.port)
        self.addCleanup(proxy.close)
        return proxy

    def upload(self, dispatcher, number):
        """Uploads one image. Returns (error, worker): the error is (status, reason), or None for the right answer."""
        number %= len(self.images)
        name = f"image-{number}.png"
        response = support.upload(dispatcher.port, self.images[number], name,
                                  timeout_s=REQUEST_TIMEOUT_S)
        if response.status != 200:
            return (response.status, response.headers.get("Samoyed-Reason")), None
        facts = facts_of(response.text)
        self.assertEqual((labels_of(response.text), facts["File"]), (self.right[number], name))
        return None, facts["Worker"]

    def upload_next(self, dispatcher):
        self.next_image += 1
        return self.upload(dispatcher, self.next_image)

    def put_back(self, dispatcher, proxy):
        """Removes the worker behind the proxy and adds it again, so that no connection to it is open."""
        support.request(dispatcher.port, f"/del/{proxy.address}")
        self.assertEqual(support.request(dispatcher.port, f"/add/{proxy.address}").status, 200)

    def assert_serves(self, dispatcher, proxy):
        """Checks that the worker behind the proxy gets one of two uploads, and that both answers are right."""
        answers = [self.upload_next(dispatcher) for _ in range(2)]
        self.assertEqual([end for end, _ in answers], [None, None])
        self.assertIn(proxy.address, [worker for _, worker in answers])

    def test_each_fault_at_each_step_once(self):
        proxy = self.start_proxy(self.hurt_worker)
        dispatcher = self.start_dispatcher(*TIMEOUTS, workers=[self.good_worker])
        for step, place, kind in combinations():
            # Tries a connection that was just opened, and one that has already carried an exchange.
            for reused in (False, True):
                if reused and (step in ("connect", "hello", "hello reply") or kind == "stall"):
                    continue
                with self.subTest(step=step, place=place, fault=kind, reused=reused):
                    self.put_back(dispatcher, proxy)
                    if reused:
                        self.assert_serves(dispatcher, proxy)
                    # One of the dispatcher's own probes may trigger the fault, which is just as good.
                    proxy.arm(Fault(step, place, kind))
                    ends = [self.upload_next(dispatcher)[0] for _ in range(2)]
                    self.assertEqual(ends, [None, None])
                    support.wait_until(lambda: not proxy.armed(), "the fault to happen")
                    self.put_back(dispatcher, proxy)
                    self.assert_serves(dispatcher, proxy)
        self.assertEqual(set(proxy.fired), set(combinations()))
        self.assertTrue(self.hurt_worker.is_running() and dispatcher.is_running())

    def test_random_faults_under_load(self):
        print(f"--seed {SEED}", flush=True)
        hurt = [self.start_proxy(self.hurt_worker), self.start_proxy(self.start_worker(model="null"))]
        for number, proxy in enumerate(hurt):
            proxy.choose = random_faults(SEED + number, share=0.7, stall_s=2 * STEP_TIMEOUT_MS / 1000)
        dispatcher = self.start_dispatcher(*TIMEOUTS, "--probe-pause-ms", 50, "--probe-pause-max-ms",
                                           200, workers=[self.good_worker, *(p.address for p in hurt)])
        end = time.monotonic() + RANDOM_PHASE_S
        counts = collections.Counter()

        def client(number):
            chance = random.Random(SEED + number)
            ends = []
            while time.monotonic() < end:
                ends.append(self.upload(dispatcher, chance.randrange(len(self.images)))[0])
            return ends

        def restore():
            # Without this, the faulty workers would soon be out of the rotation, and no more faults would happen.
            while time.monotonic() < end:
                for proxy in hurt:
                    self.put_back(dispatcher, proxy)
                time.sleep(0.05)

        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            restored = pool.submit(restore)
            for ends in pool.map(client, range(4)):
                counts.update(ends)
            restored.result()
        print(f"answers: {dict(counts)}, faults: {sum(sum(p.fired.values()) for p in hurt)}",
              flush=True)
        self.assertLessEqual(set(counts), DOCUMENTED | {None})
        self.assertTrue(all(proxy.fired for proxy in hurt))
        # Once the faults have stopped, each worker serves again, even if it was out of the rotation.
        for proxy in hurt:
            proxy.choose = lambda: None
            self.put_back(dispatcher, proxy)
        workers = {self.upload_next(dispatcher)[1] for _ in range(3)}
        self.assertEqual(len(workers), 3, workers)


if __name__ == "__main__":
    support.main()
