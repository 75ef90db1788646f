"""Peers of our programs that a test plays itself: the D/A/N protocol and HTTP on raw sockets.

`Peer` is one connection, `connect_to_worker` and `connect` open one. A `ScriptedWorker` is a worker
whose every exchange does what the test says, on a thread a connection.
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
# What a scripted worker answers, by default.
LABELS = ["Samoyed", "Great Pyrenees", "Arctic fox", "keeshond", "Eskimo dog"]


def message(payload):
    """A data message: src/protocol/PROTOCOL.md."""
    return b"D " + payload + b" " + b"%05d" % ~(sum(payload) & 0xFFF)


def size_and_image(image):
    """The two messages that send an image."""
    text = base64.b64encode(image)
    return message(b"%d" % len(text)), message(text)


class Gone(Exception):
    """The other side closed or reset the connection."""


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
        """Exactly that many bytes."""
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
        """The payload of a size, hello or result message."""
        data = self.receive(8)
        while not MESSAGE_END.search(data):
            data += self.receive(1)
        return data[2:-6]

    def receive_rest(self):
        """All bytes until the other side ends the connection; fails if it doesn't."""
        data = b""
        try:
            while True:
                data += self.receive(1)
        except Gone:
            return data

    def is_ended(self):
        """Whether the other side has ended the connection by now. Drops what it sent."""
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
        """A whole exchange as a reference client has it: the result's payload."""
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
    """A connection to one of our programs. Connections of one address are limited in number, so a crowd
    comes from several: all of 127.0.0.0/8 is this machine. A small `receive_buffer`, in bytes, makes a
    peer that doesn't read be noticed."""
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
    """A test case whose connections end with the test."""

    def connect(self, port, source="127.0.0.1", receive_buffer=None):
        peer = connect(port, source, receive_buffer)
        self.addCleanup(peer.close)
        return peer

    def crowd(self, port, count):
        """Connections from several addresses, a few from each."""
        return [self.connect(port, f"127.0.0.{2 + number % 8}") for number in range(count)]


class ScriptedWorker:
    """A worker whose exchanges go as `on_image(peer)` says, which is called after an image's A: it may
    wait, close the peer or raise Gone, in place of the answer that follows its return.

    With `refusal` it answers that error in place of labels. With `plain` it is a reference server: it knows no hello and closes after every exchange.
    `on_connect(peer)` may do the same with a whole connection. Bound but not listening ports refuse, so
    `stop` and `start` let it go and come back at the same port.
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
        self.sizes = []    # The sizes' payloads, options and all.
        self.images = 0    # Arrived in full.
        self.answers = 0   # Results that were acknowledged.
        self.cuts = 0      # Connections that the other side ended within an exchange.
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
        """Nobody listens any more, and every connection is closed."""
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
                if listener.fileno() < 0:  # It was let in when `stop` was on its way.
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
    """For `on_image`: the worker closes, as a reference server does on an image that it can't decode."""
    raise Gone


def waits_for_end(peer):
    """For `on_image`: the worker hangs until the other side ends the connection."""
    peer.receive_rest()
    raise Gone


def open_sockets(program):
    """How many sockets a program has open: a connection that it has ended is not among them, whatever
    became of what was still to be sent."""
    count = 0
    for link in pathlib.Path(f"/proc/{program.pid}/fd").iterdir():
        try:
            count += os.readlink(link).startswith("socket:")
        except FileNotFoundError:
            pass
    return count


def cpu_seconds(program):
    """User and system time that a program has used."""
    fields = pathlib.Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def http_head(method="POST", path="/", host="127.0.0.1", **fields):
    """The bytes of a request's header. Field names are written with _ for -."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def http_upload(content, **fields):
    """The bytes of a whole upload: header and body."""
    body, content_type = support.multipart(content)
    return http_head(Content_Type=content_type, Content_Length=len(body), **fields), body


def read_response(peer):
    """(status, header text, body) of one response with a length."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += peer.receive(1)
    text = head.decode("latin-1")
    length = re.search(r"(?im)^content-length: (\d+)", text)
    body = peer.receive(int(length[1])) if length else b""
    return int(text.split()[1]), text, body.decode("utf-8", errors="replace")
