"""Peers that send one byte now and then, at every point of both protocols. The servers drop them within a time limit,
and they don't affect anybody else."""

import threading
import time
import unittest

import support
import wire

# The servers' timeout for each step, and the peers' pause between two bytes, which makes them far too slow.
STEP_MS = 1500
DRIP_S = 0.3
# By this time all peers must have been dropped, however loaded the machine is.
ENDED_WITHIN_S = 40
OF_EACH_KIND = 10
IMAGE_FILE = bytes(range(256)) * 64
SIZE, IMAGE = wire.size_and_image(IMAGE_FILE)
HEAD, BODY = wire.http_upload(IMAGE_FILE)
CHUNKED = wire.http_head(Content_Type="multipart/form-data; boundary=x", Transfer_Encoding="chunked")
PAGE = wire.http_head("GET")


def on_worker_size(peer):
    return SIZE


def on_worker_hello(peer):
    return wire.message(b"hello")


def on_worker_silence(peer):
    return b""


def on_worker_image(peer):
    peer.send(SIZE)
    peer.receive(1)
    return IMAGE


def on_worker_acknowledgment(peer):
    """Never reads the result."""
    peer.send(SIZE)
    peer.receive(1)
    peer.send(IMAGE)
    return b""


def on_worker_refusals(peer):
    """Sends an N now and then instead of the A."""
    on_worker_acknowledgment(peer)
    return b"N" * 100


def on_worker_next_size(peer):
    peer.recognize(IMAGE_FILE)
    return SIZE


# Each function first does its part at normal speed. The slow peer then sends the returned bytes one by one.
WORKER_KINDS = [on_worker_silence, on_worker_hello, on_worker_size, on_worker_image,
                on_worker_acknowledgment, on_worker_refusals, on_worker_next_size]


def on_web_silence(peer):
    return b""


def on_web_header(peer):
    return HEAD


def on_web_body(peer):
    peer.send(HEAD)
    return BODY


def on_web_chunks(peer):
    peer.send(CHUNKED)
    return b"5\r\n--x\r\n\r\n" * 100


def on_web_next_header(peer):
    peer.send(PAGE)
    wire.read_response(peer)
    return HEAD


def on_web_response(peer):
    """Requests far more than the buffers on the way can hold, and reads none of it."""
    peer.socket.settimeout(DRIP_S)
    try:
        peer.socket.sendall(PAGE * 5000)
    except OSError:
        pass
    return PAGE * 100


def on_web_refusal(peer):
    """Continues to send after the answer, which came before the body's end."""
    peer.send(wire.http_head(Content_Length=1 << 40))
    return BODY


WEB_KINDS = [on_web_silence, on_web_header, on_web_body, on_web_chunks, on_web_next_header,
             on_web_response, on_web_refusal]


class SlowPeersTest(wire.TestCase):
    def drip(self, peer, kind, stopped):
        try:
            rest = kind(peer)
            peer.socket.settimeout(DRIP_S)
            for number in range(len(rest)):
                if stopped.wait(DRIP_S):
                    return
                peer.socket.sendall(rest[number:number + 1])
        except (wire.Gone, OSError):
            pass

    def attack(self, program, kinds, good_client):
        """Starts all slow peers, and runs the good client until they have been dropped. Returns its answers."""
        before = wire.open_sockets(program)
        stopped = threading.Event()
        threads = []
        peers = self.crowd(program.port, OF_EACH_KIND * len(kinds))
        for number, peer in enumerate(peers):
            if kinds[number % len(kinds)] is on_web_response:
                peer.close()
                peers[number] = peer = self.connect(program.port, "127.0.0.20", receive_buffer=4096)
            threads.append(threading.Thread(
                target=self.drip, args=(peer, kinds[number % len(kinds)], stopped)))
        start = time.monotonic()
        for thread in threads:
            thread.start()
        try:
            answers = [good_client() for _ in range(20)]
            # Counts the server's open sockets, because some peers never notice that they were dropped.
            while wire.open_sockets(program) > before and time.monotonic() < start + ENDED_WITHIN_S:
                answers.append(good_client())
                time.sleep(0.1)
            ended_s = time.monotonic() - start
            left = wire.open_sockets(program) - before
        finally:
            stopped.set()
            for thread in threads:
                thread.join()
            for peer in peers:
                peer.close()
        print(f"{program.name} dropped {len(peers)} slow peers within {ended_s:.1f} s and answered "
              f"{len(answers)} good requests meanwhile", flush=True)
        self.assertLessEqual(left, 0, f"{left} slow peers are still connected\n{program.report()}")
        return answers

    def test_worker(self):
        steps = ("--request-timeout-ms", STEP_MS, "--image-timeout-ms", STEP_MS, "--ack-timeout-ms",
                 STEP_MS)
        worker = self.start_null_worker(*steps)

        def recognize():
            peer = self.connect(worker.port)
            try:
                return peer.recognize(IMAGE_FILE)
            finally:
                peer.close()

        expected = recognize()
        wire_ended = self.attack(worker, WORKER_KINDS, recognize)
        self.assertEqual(set(wire_ended), {expected})
        self.assertIn("the peer took too long", worker.log.text())
        worker.stop()

    def test_dispatcher(self):
        steps = ("--header-timeout-ms", STEP_MS, "--body-timeout-ms", STEP_MS, "--idle-timeout-ms",
                 STEP_MS, "--write-timeout-ms", STEP_MS)
        dispatcher = self.start_dispatcher(*steps, workers=[self.start_null_worker()])

        def recognize():
            response = support.upload(dispatcher.port, IMAGE_FILE)
            return response.status, tuple(map(tuple, support.result_rows(response.text)))

        expected = recognize()
        self.assertEqual((expected[0], len(expected[1])), (200, 5))
        answers = self.attack(dispatcher, WEB_KINDS, recognize)
        self.assertEqual(set(answers), {expected})
        dispatcher.stop()

    def test_slow_uploads_are_answered_with_408(self):
        """This holds if a status can still be sent."""
        dispatcher = self.start_dispatcher("--header-timeout-ms", 300, "--body-timeout-ms", 300,
                                           "--idle-timeout-ms", 300)
        for sent, status in ((HEAD[:10], 408), (HEAD + BODY[:10], 408), (b"", None)):
            with self.subTest(sent=len(sent)):
                peer = self.connect(dispatcher.port)
                peer.send(sent)
                if status:
                    answered, fields, _ = wire.read_response(peer)
                    self.assertEqual(answered, status)
                    self.assertIn("Samoyed-Reason: slow_request", fields)
                self.assertEqual(peer.receive_rest(), b"")


if __name__ == "__main__":
    support.main()
