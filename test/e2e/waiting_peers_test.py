"""Clients that make the servers wait: they take neither slots nor connections from clients that work."""

import unittest

import support
import wire

IMAGE_FILE = bytes(range(256)) * 64
SIZE, _ = wire.size_and_image(IMAGE_FILE)
HEAD, BODY = wire.http_upload(IMAGE_FILE)
# The attackers' addresses. The good client has another one.
SOURCES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")


class WaitingPeersTest(wire.TestCase):
    def attack(self, port, count, begun=b""):
        """Opens `count` connections and sends the same beginning on each."""
        peers = []
        for number in range(count):
            peer = self.connect(port, SOURCES[number % len(SOURCES)])
            try:
                peer.send(begun)
            except (wire.Gone, OSError):
                pass  # It was already ended for a later one.
            peers.append(peer)
        return peers

    def test_uploads_without_bodies_take_no_slots(self):
        dispatcher = self.start_dispatcher("--requests-max", 4, "--requests-per-client-max", 2,
                                           workers=[self.start_null_worker()])
        for begun in (HEAD, HEAD + BODY[:100]):
            self.attack(dispatcher.port, 24, begun)
        self.assertEqual(support.upload(dispatcher.port, IMAGE_FILE).status, 200)

    def test_waiting_web_connections_make_room(self):
        dispatcher = self.start_dispatcher("--connections-max", 12, workers=[self.start_null_worker()])
        for begun in (b"", HEAD[:10], HEAD, HEAD + BODY[:100]):
            with self.subTest(begun=len(begun)):
                peers = self.attack(dispatcher.port, 100, begun)
                self.assertEqual(support.upload(dispatcher.port, IMAGE_FILE).status, 200)
                self.assertEqual(peers[0].receive_rest(), b"")  # It was ended for a later one.

    def test_waiting_connections_to_a_worker_make_room(self):
        worker = self.start_null_worker("--connections-max", 12)
        for begun in (b"", SIZE[:1], SIZE):
            with self.subTest(begun=len(begun)):
                self.attack(worker.port, 24, begun)
                self.assertTrue(self.connect(worker.port).recognize(IMAGE_FILE))
        self.attack(worker.port, 100)
        dispatcher = self.start_dispatcher(workers=[worker])
        self.assertEqual(support.upload(dispatcher.port, IMAGE_FILE).status, 200)


if __name__ == "__main__":
    support.main()
