"""Clients that end their sending side: those that still wait get their answer, and those that have left don't keep a
worker busy."""

import socket
import threading
import time
import unittest

import support
import wire

IMAGE_FILE = b"an image " * 1000
HEAD, BODY = wire.http_upload(IMAGE_FILE, Connection="close")


class LeavingClientsTest(wire.TestCase):
    def start_worker_that_waits(self):
        released = threading.Event()
        worker = wire.ScriptedWorker(on_image=lambda peer: released.wait(60))
        self.addCleanup(worker.stop)
        self.addCleanup(released.set)
        return worker, released

    def send_upload(self, port, worker):
        peer = self.connect(port)
        images = worker.images
        peer.send(HEAD + BODY)
        support.wait_until(lambda: worker.images > images, "the image at the worker")
        return peer

    def test_a_client_that_ends_its_sending_side_gets_its_answer(self):
        worker, released = self.start_worker_that_waits()
        dispatcher = self.start_dispatcher(workers=[worker])
        peer = self.send_upload(dispatcher.port, worker)
        peer.socket.shutdown(socket.SHUT_WR)
        time.sleep(5)
        released.set()
        status, _, _ = wire.read_response(peer)
        self.assertEqual(status, 200)
        self.assertEqual(worker.cuts, 0)

    def test_the_image_of_a_client_that_closes_leaves_the_worker(self):
        worker = wire.ScriptedWorker(on_image=wire.waits_for_end)
        self.addCleanup(worker.stop)
        dispatcher = self.start_dispatcher(workers=[worker])
        for ends_first in (False, True):
            with self.subTest(ends_first=ends_first):
                cuts = worker.cuts
                peer = self.send_upload(dispatcher.port, worker)
                if ends_first:
                    peer.socket.shutdown(socket.SHUT_WR)
                    self.assertEqual(peer.receive(1), b"H")
                peer.close()
                support.wait_until(lambda: worker.cuts > cuts, "the end of the image's exchange")


if __name__ == "__main__":
    support.main()
