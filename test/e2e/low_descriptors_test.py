"""Without free file descriptors, the servers wait without using the CPU, and continue later."""

import time
import unittest

import support
import wire

DESCRIPTORS_MAX = 40
# More connections than the servers can accept. The kernel queues the rest.
CROWD = 80
IMAGE_FILE = b"any bytes, where no network looks at them"


class LowDescriptorsTest(wire.TestCase):
    def start_low(self, program, *arguments):
        """Starts a program with a low soft and hard limit. (The servers raise the soft limit to the hard one.)"""
        return self.start("bash", "-c", f'ulimit -n {DESCRIPTORS_MAX}; exec "$@"', "bash",
                          support.bin_dir() / program, *arguments).wait_until_ready()

    def crowd_out(self, program):
        """Opens idle connections that use up all descriptors of the program."""
        crowd = self.crowd(program.port, CROWD)
        for peer in crowd:
            self.addCleanup(peer.close)
        self.assertTrue(program.log.wait_for("can't accept connections for now"), program.report())
        return crowd

    def assert_waits_quietly(self, program):
        lines = len(program.log.lines())
        before = wire.cpu_seconds(program)
        time.sleep(3)
        self.assertTrue(program.is_running(), program.report())
        self.assertLess(wire.cpu_seconds(program) - before, 1)
        self.assertLess(len(program.log.lines()) - lines, 10, program.report())

    def test_worker(self):
        worker = self.start_low("samoyed-worker", "127.0.0.1", 0, "--model", "null")
        expected = self.connect(worker.port).recognize(IMAGE_FILE)
        crowd = self.crowd_out(worker)
        self.assert_waits_quietly(worker)
        # An accepted connection is served, even after others have waited.
        self.assertEqual(crowd[0].recognize(IMAGE_FILE), expected)
        # When others leave, waiting connections are accepted, and new ones too.
        for peer in crowd[:CROWD // 2]:
            peer.close()
        for peer in crowd[CROWD // 2:]:
            self.assertEqual(peer.recognize(IMAGE_FILE), expected)
            peer.close()
        self.assertEqual(self.connect(worker.port).recognize(IMAGE_FILE), expected)
        worker.stop()

    def test_dispatcher(self):
        worker = self.start_null_worker()
        dispatcher = self.start_low("samoyed-dispatcher", "--port", 0, "--idle-probe-interval-ms", 500)
        crowd = self.crowd_out(dispatcher)
        self.assert_waits_quietly(dispatcher)
        head, body = wire.http_upload(IMAGE_FILE)

        # The dispatcher knows the worker, but has no descriptor left to connect to it. Neither the upload nor a probe
        # may mistake that for the worker's death.
        crowd[0].send(wire.http_head("GET", f"/add/{worker.address}"))
        self.assertEqual(wire.read_response(crowd[0])[0], 200)
        crowd[1].send(head + body)
        status, fields, text = wire.read_response(crowd[1])
        self.assertEqual(status, 503, text)
        self.assertIn("Samoyed-Reason: no_resources", fields)
        self.assertIn("Retry-After: ", fields)
        time.sleep(1.5)
        self.assertNotIn("removed worker", dispatcher.log.text())
        self.assertEqual(worker.log.wait_for("bytes", timeout_s=0), None)

        # The connections that waited are served now.
        for peer in crowd[:CROWD // 2]:
            peer.close()
        for peer in crowd[CROWD // 2:]:
            peer.send(wire.http_head("GET", "/readyz"))
            self.assertEqual(wire.read_response(peer)[0], 200)
            peer.close()
        response = support.upload(dispatcher.port, IMAGE_FILE)
        self.assertEqual(response.status, 200, response.text)
        self.assertNotIn("removed worker", dispatcher.log.text())
        dispatcher.stop()


if __name__ == "__main__":
    support.main()
