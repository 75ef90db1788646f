"""Sends requests to the web form and the API for scripts that inspect every response. (For load tests that only count
responses, use clientsocket bench.)"""

import asyncio
import dataclasses
import time

BOUNDARY = "samoyed-load"
REQUEST_TIMEOUT_S = 120


FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


@dataclasses.dataclass
class ImageRequest:
    """The bytes of a complete request, mostly with an image."""

    name: str
    request: bytes


def form_body(files):
    """Returns a form with these files, each a pair (name, content). Its type is FORM_TYPE."""
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
             "Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n"
             for name, content in files]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def request_of(name, method, path, fields=(), body=b"", host="127.0.0.1"):
    """Returns a request for a persistent connection. `fields` are further lines of the header."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields, f"Content-Length: {len(body)}"]
    return ImageRequest(name, "\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def image_request(name, content, host="127.0.0.1"):
    """Returns a form post with one file, for a persistent connection."""
    return request_of(name, "POST", "/", [f"Content-Type: {FORM_TYPE}"], form_body([(name, content)]), host)


@dataclasses.dataclass
class Answer:
    """The response to one request. The status is 0 if the connection failed; then `reason` names the error."""

    image: ImageRequest
    status: int
    reason: str
    body: bytes
    latency_s: float
    fields: dict = dataclasses.field(default_factory=dict)  # Of the response's header, by lower-case names.


class Connection:
    """One HTTP connection. Opens on first use, and again after the server has closed it."""

    def __init__(self, host, port):
        self._address = (host, port)
        self._reader = None
        self._writer = None

    async def ask(self, asked):
        """Sends one request and waits for the complete response."""
        begin = time.monotonic()
        try:
            status, fields, body = await asyncio.wait_for(self._exchange(asked),
                                                          REQUEST_TIMEOUT_S)
            reason = fields.get("samoyed-reason", "")
        except (OSError, EOFError, asyncio.TimeoutError, ValueError) as error:
            self.close()
            status, reason, body, fields = 0, type(error).__name__, b"", {}
        return Answer(asked, status, reason, body, time.monotonic() - begin, fields)

    async def _exchange(self, asked):
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(*self._address)
        try:
            self._writer.write(asked.request)
            await self._writer.drain()
        except ConnectionError:
            pass  # Rejected before it was sent completely; the response can still be read.
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        fields = {name.lower(): value.strip() for name, _, value in
                  (line.partition(":") for line in head.split("\r\n")[1:])}
        body = await self._reader.readexactly(int(fields.get("content-length", 0)))
        if fields.get("connection", "").lower() == "close":
            self.close()
        return status, fields, body

    def close(self):
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def outcome(answer):
    """Returns a short text to count by: `200`, `503 overloaded`, `failed ConnectionResetError`."""
    word = str(answer.status) if answer.status else "failed"
    return f"{word} {answer.reason}".strip()
