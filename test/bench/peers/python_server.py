#!/usr/bin/python3
"""A typical Python server for SqueezeNet. It speaks the D/A/N protocol like a reference server (see
src/protocol/PROTOCOL.md). It uses Pillow, torchvision's transforms, torchvision's network in eager mode, and one
thread per connection. A connection may carry many exchanges. Prints `listening on HOST:PORT`.

--tuned uses one thread per forward pass and computes the checksum with sum(). --channels-last stores the
channels of weights and input innermost, which suits oneDNN's convolutions better. The caller's environment
selects the BLAS and its number of threads (LD_LIBRARY_PATH, OPENBLAS_NUM_THREADS).
"""

import argparse
import base64
import re
import socket
import socketserver

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
    """Turns an image's bytes into its five best labels."""

    def __init__(self, model, tuned, channels_last):
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._net = network.load(model).to(memory_format=self._layout)
        if tuned:
            torch.set_num_threads(1)

    def recognize(self, content):
        planes = network.preprocess(content)[None].contiguous(memory_format=self._layout)
        with torch.inference_mode():
            probabilities = self._net(planes)[0].softmax(0)
        values, classes = probabilities.topk(5)
        return ",".join(f"{LABELS[number]}:{value}"
                        for number, value in zip(classes.tolist(), values.tolist())).encode()


class ConnectionEnd(Exception):
    """The client has left or sent an invalid message."""


class Connection(socketserver.BaseRequestHandler):
    """Serves one connection, exchange after exchange."""

    def setup(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self):
        try:
            while self.serve_one():
                pass
        except (ConnectionEnd, ConnectionError):
            pass

    def serve_one(self):
        """Serves one exchange. Returns False if the connection must end after it."""
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
            raise ConnectionEnd
        return data

    def receive_text(self):
        """Returns the payload of a size message."""
        data = self.receive(TEXT_BYTES_MAX)
        while not MESSAGE_END.search(data):
            if len(data) >= TEXT_BYTES_MAX:
                raise ConnectionEnd
            data += self.receive(TEXT_BYTES_MAX)
        if data[-5:] != self.server.checksum(data[2:-6]):
            raise ConnectionEnd
        return data[2:-6]

    def receive_image(self, text_length):
        """Returns the payload of an image message. Closes the connection if the message is damaged, which
        doesn't happen in a benchmark."""
        data = bytearray()
        while len(data) < text_length + 8:
            data += self.receive(65536)
        payload = bytes(data[2:-6])
        if data[-5:] != self.server.checksum(payload):
            raise ConnectionEnd
        return payload


class Server(socketserver.ThreadingTCPServer):
    """Listens on a free port of this machine."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, model, tuned, channels_last):
        super().__init__(("127.0.0.1", 0), Connection)
        self.checksum = quick_checksum if tuned else plain_checksum
        self.recognizer = Recognizer(model, tuned, channels_last)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--tuned", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    with Server(**vars(parser.parse_args())) as server:
        print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
