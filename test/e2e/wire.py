"""Peers of our programs that run inside a test: the D/A/N protocol and HTTP on raw sockets.

`Peer` is one connection, and `connect` opens one. A `ScriptedWorker` is a worker whose exchanges do what the test says.
It uses one thread for each connection.
"""

import base64
import json
import os
import pathlib
import re
import socket
import threading
import time

import support

TIMEOUT_S = 60
MESSAGE_END = re.compile(rb" -\d{4}$")
HELLO = {"project": "samoyed", "protocol": 1, "model": "scripted", "labels": 1000, "trained": True,
         "image_bytes_max": 33554432, "busy": False, "takes_timeout": True}
# The labels that a scripted worker answers by default.
LABELS = ["Samoyed", "Great Pyrenees", "Arctic fox", "keeshond", "Eskimo dog"]


def message(payload):
    """A data message; see src/protocol/PROTOCOL.md."""
    return b"D " + payload + b" " + b"%05d" % ~(sum(payload) & 0xFFF)


def size_and_image(image):
    """The two messages that send an image."""
    text = base64.b64encode(image)
    return message(b"%d" % len(text)), message(text)


class Gone(Exception):
    """The connection is over: the other side closed or reset it, or this side has to close it."""


class Peer:
    """One connection."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Gone from None

    def receive(self, size):
        """Receives exactly that many bytes."""
        data = bytearray()
        while len(data) < size:
            try:
                more = self.socket.recv(min(size - len(data), 1 << 20))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Gone
            data += more
        return bytes(data)

    def receive_text(self):
        """Receives a size, hello or result message, and returns its payload."""
        data = self.receive(8)
        while not MESSAGE_END.search(data):
            data += self.receive(1)
        return data[2:-6]

    def receive_rest(self):
        """Receives all bytes until the other side ends the connection. Fails if it doesn't."""
        data = b""
        try:
            while True:
                data += self.receive(1)
        except Gone:
            return data

    def is_ended(self):
        """Whether the other side has already ended the connection. Discards what it sent."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(TIMEOUT_S)

    def recognize(self, image):
        """Runs a whole exchange as a reference client does, and returns the result's payload."""
        for part in size_and_image(image):
            self.send(part)
            if (answer := self.receive(1)) != b"A":
                raise AssertionError(f"the worker answered {answer}")
        result = self.receive_text()
        self.send(b"A")
        return result.decode()

    def close(self):
        self.socket.close()


def connect(port, source="127.0.0.1", receive_buffer=None):
    """Opens a connection to one of our programs. The number of connections from one address is limited, so a crowd uses
    several source addresses: all of 127.0.0.0/8 is this machine. With a small `receive_buffer`, in bytes, the program
    soon notices that a peer doesn't read."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(TIMEOUT_S)
    try:
        connection.bind((source, 0))
        connection.connect(("127.0.0.1", port))
    except OSError:
        connection.close()
        raise
    return Peer(connection)


class TestCase(support.ProgramTestCase):
    """A test case that closes its connections after the test."""

    def connect(self, port, source="127.0.0.1", receive_buffer=None):
        peer = connect(port, source, receive_buffer)
        self.addCleanup(peer.close)
        return peer

    def crowd(self, port, count):
        """Opens connections from several addresses, a few from each."""
        return [self.connect(port, f"127.0.0.{2 + number % 8}") for number in range(count)]


class ScriptedWorker:
    """A worker whose exchanges do what the test says. `on_image(peer)` is called after an image's A. It may wait, close
    the peer or raise Gone. If it returns, the worker sends its answer.

    With `refusal`, the worker answers that error instead of labels. With `plain`, it is a reference server: it doesn't
    know hello, and closes the connection after every exchange. `on_connect(peer)` may do the same as `on_image` to a
    whole connection. `stop` and `start` make the worker go away and come back on the same port, which refuses
    connections in between.
    """

    def __init__(self, on_image=lambda peer: None, plain=False, on_connect=lambda peer: None, hello=None,
                 refusal=None):
        self.on_image = on_image
        self.on_connect = on_connect
        self.hello = json.dumps({**HELLO, **(hello or {})}, separators=(",", ":")).encode()
        self.refusal = refusal
        self.labels = LABELS
        self.plain = plain
        self.port = 0
        self.connections = 0
        self.sizes = []    # The payloads of the size messages, including options.
        self.images = 0    # Images that arrived completely.
        self.answers = 0   # Results that were acknowledged.
        self.cuts = 0      # Connections that the other side ended during an exchange.
        self._peers = set()
        self._lock = threading.Lock()
        self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self):
        """Stops listening and closes every connection."""
        with self._lock:
            if self._listener.fileno() >= 0:
                self._listener.shutdown(socket.SHUT_RDWR)
                self._listener.close()
            for peer in self._peers:
                try:
                    peer.socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self, listener):
        while True:
            try:
                peer = Peer(listener.accept()[0])
            except OSError:
                return
            with self._lock:
                if listener.fileno() < 0:  # It was accepted while `stop` was running.
                    peer.close()
                    return
                self.connections += 1
                self._peers.add(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        try:
            self.on_connect(peer)
            while self._exchange(peer) and not self.plain:
                pass
        except (Gone, OSError):
            pass
        finally:
            peer.close()
            with self._lock:
                self._peers.discard(peer)

    def _exchange(self, peer):
        try:
            text = peer.receive_text()
        except Gone:
            return False
        if text == b"hello" and self.plain:
            peer.send(b"A")
            return False
        extended = text == b"hello"
        while text == b"hello":
            peer.send(message(self.hello))
            try:
                text = peer.receive_text()
            except Gone:
                return False
        try:
            self._receive_image(peer, text)
            self.on_image(peer)
            self._answer(peer, extended or getattr(peer, "extended", False))
        except Gone:
            with self._lock:
                self.cuts += 1
            raise
        peer.extended = extended or getattr(peer, "extended", False)
        return True

    def _receive_image(self, peer, text):
        with self._lock:
            self.sizes.append(text)
        peer.send(b"A")
        peer.receive(int(text.split(b";")[0]) + 8)
        peer.send(b"A")
        with self._lock:
            self.images += 1

    def _answer(self, peer, extended):
        if extended and self.refusal:
            result = json.dumps({"error": self.refusal})
        elif extended:
            top = [{"label": label, "probability": 0.9 / 4 ** rank} for rank, label in enumerate(self.labels)]
            result = json.dumps({"top": top, "width": 8, "height": 8}, separators=(",", ":"))
        else:
            time.sleep(0.005)
            result = ",".join(f"{label}:{0.9 / 4 ** rank}" for rank, label in enumerate(self.labels))
        peer.send(message(result.encode()))
        if peer.receive(1) != b"A":
            raise Gone
        with self._lock:
            self.answers += 1


def ends_at_once(peer):
    """For `on_image`: the worker closes the connection, as a reference server does if it can't decode an image."""
    raise Gone


def waits_for_end(peer):
    """For `on_image`: the worker hangs until the other side ends the connection."""
    peer.receive_rest()
    raise Gone


def open_sockets(program):
    """The number of sockets that a program has open. It doesn't include connections that the program has closed, even
    if their data is still being sent."""
    count = 0
    for link in pathlib.Path(f"/proc/{program.pid}/fd").iterdir():
        try:
            count += os.readlink(link).startswith("socket:")
        except FileNotFoundError:
            pass
    return count


def cpu_seconds(program):
    """The user and system time that a program has used."""
    fields = pathlib.Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def http_head(method="POST", path="/", host="127.0.0.1", **fields):
    """The bytes of a request's header. In field names, write _ for -."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def http_upload(content, **fields):
    """The header and the body of a whole upload, in bytes."""
    body, content_type = support.multipart(content)
    return http_head(Content_Type=content_type, Content_Length=len(body), **fields), body


def read_response(peer):
    """Reads one response that has a length. Returns (status, header text, body)."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += peer.receive(1)
    text = head.decode("latin-1")
    length = re.search(r"(?im)^content-length: (\d+)", text)
    body = peer.receive(int(length[1])) if length else b""
    return int(text.split()[1]), text, body.decode("utf-8", errors="replace")
