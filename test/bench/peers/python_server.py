#!/usr/bin/python3
"""usage: python_server.py MODEL [--tuned]

What one writes in Python to serve SqueezeNet by the D/A/N protocol (src/protocol/PROTOCOL.md, the side
of a reference server): Pillow, torchvision's transforms and eager network, a thread a connection, which
may carry many exchanges. Prints `listening on HOST:PORT`.

--tuned takes what makes this fast without leaving Python: weights and input channels_last, one thread a
forward, and the checksum by sum(). Which BLAS it runs on, and with how many threads, is for the caller's
environment (LD_LIBRARY_PATH, OPENBLAS_NUM_THREADS).
"""

import base64
import re
import socket
import socketserver
import sys

import network
import torch
import torchvision

MESSAGE_END = re.compile(rb" -\d{4}$")
TEXT_BYTES_MAX = 256
IMAGE_TEXT_BYTES_MAX = 64 << 20
LABELS = torchvision.models.SqueezeNet1_1_Weights.DEFAULT.meta["categories"]


def plain_checksum(payload):
    total = 0
    for byte in payload:
        total += byte
    return b"%05d" % ~(total & 0xFFF)


def quick_checksum(payload):
    return b"%05d" % ~(sum(payload) & 0xFFF)


class Recognizer:
    """Image bytes to the five best labels."""

    def __init__(self, model, tuned):
        self._net = network.load(model)
        self._tuned = tuned
        if tuned:
            torch.set_num_threads(1)
            self._net = self._net.to(memory_format=torch.channels_last)

    def recognize(self, content):
        planes = network.preprocess(content)[None]
        if self._tuned:
            planes = planes.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            probabilities = self._net(planes)[0].softmax(0)
        values, classes = probabilities.topk(5)
        return ",".join(f"{LABELS[number]}:{value}"
                        for number, value in zip(classes.tolist(), values.tolist())).encode()


class Gone(Exception):
    """The client has left."""


class Exchange(socketserver.BaseRequestHandler):
    """One connection."""

    def setup(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self):
        try:
            while self.serve_one():
                pass
        except (Gone, ConnectionError):
            pass

    def serve_one(self):
        """False if the connection has come to its end."""
        size = self.receive_text()
        self.request.sendall(b"A")
        if not size.isdigit() or int(size) > IMAGE_TEXT_BYTES_MAX:
            return False
        text = self.receive_image(int(size))
        self.request.sendall(b"A")
        result = self.server.recognizer.recognize(base64.b64decode(text))
        self.request.sendall(b"D " + result + b" " + self.server.checksum(result))
        return self.receive(1) == b"A"

    def receive(self, size_max):
        data = self.request.recv(size_max)
        if not data:
            raise Gone
        return data

    def receive_text(self):
        """A size's payload."""
        data = self.receive(TEXT_BYTES_MAX)
        while not MESSAGE_END.search(data):
            if len(data) >= TEXT_BYTES_MAX:
                raise Gone
            data += self.receive(TEXT_BYTES_MAX)
        if data[-5:] != self.server.checksum(data[2:-6]):
            raise Gone
        return data[2:-6]

    def receive_image(self, text_length):
        """An image message's payload. Refuses a damaged one by leaving: nothing damages it here."""
        data = bytearray()
        while len(data) < text_length + 8:
            data += self.receive(65536)
        payload = bytes(data[2:-6])
        if data[-5:] != self.server.checksum(payload):
            raise Gone
        return payload


class Server(socketserver.ThreadingTCPServer):
    """Listens at a free port of this machine."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, model, tuned):
        super().__init__(("127.0.0.1", 0), Exchange)
        self.checksum = quick_checksum if tuned else plain_checksum
        self.recognizer = Recognizer(model, tuned)


def main():
    arguments = [word for word in sys.argv[1:] if word != "--tuned"]
    with Server(arguments[0], "--tuned" in sys.argv) as server:
        print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
