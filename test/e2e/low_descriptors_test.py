"""Few file descriptors: the servers lower their limits, and idle connections make room for others."""

import os
import resource
import time
import unittest

import support
import wire

DESCRIPTORS_MAX = 40
# More connections than the servers can accept.
CROWD = 80
IMAGE_FILE = b"any bytes, where no network looks at them"


class LowDescriptorsTest(wire.TestCase):
    def start_low(self, program, *arguments):
        """Starts a program with a low soft and hard limit. (The servers raise the soft limit to the hard one.)"""
        return self.start("bash", "-c", f'ulimit -n {DESCRIPTORS_MAX}; exec "$@"', "bash",
                          support.bin_dir() / program, *arguments).wait_until_ready()

    def crowd_in(self, program):
        """Opens more idle connections than the program has descriptors for."""
        self.assertIn(f"instead of 1024: the limit of {DESCRIPTORS_MAX} open files", program.log.text())
        for peer in self.crowd(program.port, CROWD):
            self.addCleanup(peer.close)

    def assert_waits_quietly(self, program):
        lines = len(program.log.lines())
        before = wire.cpu_seconds(program)
        time.sleep(3)
        self.assertTrue(program.is_running(), program.report())
        self.assertLess(wire.cpu_seconds(program) - before, 1)
        self.assertLess(len(program.log.lines()) - lines, 10, program.report())

    def use_up_descriptors(self, program):
        """Leaves the running program no free descriptor. Returns a function that undoes it."""
        used = {int(name) for name in os.listdir(f"/proc/{program.pid}/fd")}
        lowest_free = next(number for number in range(len(used) + 1) if number not in used)
        before = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (lowest_free, before[1]))
        return lambda: resource.prlimit(program.pid, resource.RLIMIT_NOFILE, before)

    def test_worker(self):
        worker = self.start_low("samoyed-worker", "127.0.0.1", 0, "--model", "null")
        expected = self.connect(worker.port).recognize(IMAGE_FILE)
        self.crowd_in(worker)
        self.assertEqual(self.connect(worker.port).recognize(IMAGE_FILE), expected)
        self.assert_waits_quietly(worker)
        self.assertNotIn("can't accept connections", worker.log.text())
        worker.stop()

    def test_dispatcher(self):
        worker = self.start_null_worker()
        dispatcher = self.start_low("samoyed-dispatcher", "--port", 0, "--worker", worker.address)
        self.crowd_in(dispatcher)
        # There is a descriptor for the worker's connection too.
        response = support.upload(dispatcher.port, IMAGE_FILE)
        self.assertEqual(response.status, 200, response.text)
        self.assert_waits_quietly(dispatcher)
        self.assertNotIn("can't accept connections", dispatcher.log.text())
        dispatcher.stop()

    def test_dispatcher_whose_descriptors_are_used_up(self):
        worker = self.start_null_worker()
        dispatcher = self.start(support.bin_dir() / "samoyed-dispatcher", "--port", 0,
                                "--idle-probe-interval-ms", 500, "--idle-timeout-ms", 600_000).wait_until_ready()
        idle, peer = self.crowd(dispatcher.port, 2)
        for one in (idle, peer):
            one.send(wire.http_head("GET", "/healthz"))
            self.assertEqual(wire.read_response(one)[0], 200)
        give_back = self.use_up_descriptors(dispatcher)

        # The dispatcher knows the worker, but has no descriptor left to connect to it. Neither the upload nor a probe
        # may mistake that for the worker's death.
        head, body = wire.http_upload(IMAGE_FILE)
        peer.send(wire.http_head("GET", f"/add/{worker.address}"))
        self.assertEqual(wire.read_response(peer)[0], 200)
        peer.send(head + body)
        status, fields, text = wire.read_response(peer)
        self.assertEqual(status, 503, text)
        self.assertIn("Samoyed-Reason: no_resources", fields)
        self.assertIn("Retry-After: ", fields)
        time.sleep(1.5)
        self.assertNotIn("removed worker", dispatcher.log.text())
        self.assertEqual(worker.log.wait_for("bytes", timeout_s=0), None)

        # The connection that has been idle longest makes room for a new one.
        self.assertEqual(support.request(dispatcher.port, "/readyz").status, 200)
        self.assertTrue(dispatcher.log.wait_for("can't accept connections for now"), dispatcher.report())
        self.assertEqual(idle.receive_rest(), b"")

        give_back()
        response = support.upload(dispatcher.port, IMAGE_FILE)
        self.assertEqual(response.status, 200, response.text)
        self.assertNotIn("removed worker", dispatcher.log.text())
        dispatcher.stop()


if __name__ == "__main__":
    support.main()
