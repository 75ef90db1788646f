"""A proxy between a dispatcher and a worker that injects a fault at a chosen step of the exchange.

    dispatcher ---- FaultProxy ---- worker

It parses both directions message by message (src/protocol/PROTOCOL.md), so it knows the current step of an exchange. A
connection gets at most one fault. After the fault, the proxy forwards the bytes without parsing them, because how the
two sides handle the fault is up to them.
"""

import asyncio
import dataclasses
import random
import re
import socket
import struct
import threading

TEXT_END = re.compile(rb" -\d{4}")
# Places in a message: before its first byte, in its payload, before its last byte.
BEGIN, MIDDLE, END = "begin", "middle", "end"

# Each step, in the order of an exchange, with its places. `connect` is before any byte. `idle` is after the last A, on
# a connection that may be kept.
STEPS = {
    "connect": [BEGIN],
    "hello": [BEGIN, MIDDLE, END],
    "hello reply": [BEGIN, MIDDLE, END],
    "size": [BEGIN, MIDDLE, END],
    "size answer": [BEGIN],
    "image": [BEGIN, MIDDLE, END],
    "image answer": [BEGIN],
    "result": [BEGIN, MIDDLE, END],
    "final answer": [BEGIN],
    "idle": [BEGIN],
}
FAULTS = ["close", "reset", "delay", "stall", "corrupt", "duplicate", "duplicate all", "split"]
# The faults that need no bytes.
FAULTS_WITHOUT_BYTES = ["close", "reset", "delay", "stall"]


def combinations():
    """Yields every possible (step, place, fault)."""
    for step, places in STEPS.items():
        without_bytes = step in ("connect", "idle")
        for place in places:
            for fault in FAULTS_WITHOUT_BYTES if without_bytes else FAULTS:
                yield step, place, fault


@dataclasses.dataclass
class Fault:
    """What to do, and where. The peers' timeouts are longer than `delay_s` and shorter than `stall_s`."""

    step: str
    place: str
    kind: str
    delay_s: float = 0.05
    stall_s: float = 30


class _Cut(Exception):
    """Ends the connection here."""


class _Exchange:
    """Tracks which message comes next. The two directions are tracked independently, because an image may follow its
    size before the size was answered. `take` returns (step, message), or None if no message is complete."""

    def __init__(self):
        self._buffers = {"client": b"", "worker": b""}
        self._client_step = "hello"
        self._worker_step = "hello reply"
        self._image_bytes = 0

    def feed(self, side, data):
        self._buffers[side] += data

    def rest(self, side):
        """Removes and returns the bytes after the last whole message."""
        rest, self._buffers[side] = self._buffers[side], b""
        return rest

    def take(self, side):
        buffer = self._buffers[side]
        if not buffer:
            return None
        length = self._length(side, buffer)
        if length is None or len(buffer) < length:
            return None
        message, self._buffers[side] = buffer[:length], buffer[length:]
        return (self._client_sent if side == "client" else self._worker_sent)(message), message

    def _length(self, side, buffer):
        if buffer[:1] in b"AN":
            return 1
        if side == "client" and self._client_step == "image":
            return self._image_bytes + 8
        end = TEXT_END.search(buffer, 1)
        return end and end.end()

    def _client_sent(self, message):
        step = self._client_step
        if step == "hello" and not message.startswith(b"D hello"):
            step, self._worker_step = "size", "size answer"
        if step == "size":
            self._image_bytes = int(re.search(rb"\d+", message)[0])
        self._client_step = {"hello": "size", "size": "image", "image": "final answer",
                             "final answer": "size"}[step]
        return step

    def _worker_sent(self, _message):
        step = self._worker_step
        self._worker_step = {"hello reply": "size answer", "size answer": "image answer",
                             "image answer": "result", "result": "size answer"}[step]
        return step


class FaultProxy:
    """Listens on `port` and forwards everything to the worker on `target_port`.

    `choose` is called once for each connection, and returns its Fault or None. `fired` counts the injected faults by
    (step, place, kind). Thread rule: the proxy serves on its own thread, and calls `choose` on it.
    """

    def __init__(self, target_port, choose=lambda: None):
        self.choose = choose
        self.fired = {}
        self._armed = None
        self._serving = set()  # Keeps the tasks alive, which the event loop itself doesn't.
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = listener.getsockname()[1]
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=listener))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def arm(self, fault):
        """Injects the fault once, on the first connection that reaches its step."""
        self._armed = fault

    def armed(self):
        """Whether the armed fault hasn't happened yet."""
        return self._armed is not None

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self):
        self._server.close()
        pending = asyncio.all_tasks() - {asyncio.current_task()}
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _serve(self, reader, writer):
        connection = _Connection(self, reader, writer, self.choose())
        self._serving.add(asyncio.current_task())
        try:
            await connection.run(self._target_port)
        except (OSError, _Cut):
            pass
        finally:
            connection.end()
            self._serving.discard(asyncio.current_task())

    def due(self, own, step, place):
        """Returns the fault for this place and counts it as done, or returns None. `own` is the connection's fault."""
        fault = own or self._armed
        if fault is None or (fault.step, fault.place) != (step, place):
            return None
        if fault is self._armed:
            self._armed = None
        key = (step, place, fault.kind)
        self.fired[key] = self.fired.get(key, 0) + 1
        return fault


class _Connection:
    """One connection from the dispatcher, together with its connection to the worker."""

    def __init__(self, proxy, reader, writer, fault):
        self._proxy = proxy
        self._readers = {"client": reader}
        self._writers = {"client": writer}
        self._fault = fault
        self._exchange = _Exchange()
        self._unread = False  # Whether bytes are now forwarded without being parsed.

    async def run(self, target_port):
        await self._without_bytes("connect")
        reader, writer = await asyncio.open_connection("127.0.0.1", target_port)
        self._readers["worker"], self._writers["worker"] = reader, writer
        pumps = [asyncio.ensure_future(self._pump(*sides))
                 for sides in (("client", "worker"), ("worker", "client"))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
            for pump in pumps:
                if pump.done():
                    pump.result()
        finally:
            for pump in pumps:
                pump.cancel()

    def end(self):
        for writer in self._writers.values():
            writer.close()

    def _reset(self):
        for writer in self._writers.values():
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _pump(self, source, sink):
        reader, writer = self._readers[source], self._writers[sink]
        while True:
            data = await reader.read(65536)
            if not data:
                break
            self._exchange.feed(source, data)
            while not self._unread and (taken := self._exchange.take(source)):
                step, message = taken
                await self._forward(writer, step, message)
                if step == "final answer":
                    await self._without_bytes("idle")
            if self._unread:
                writer.write(self._exchange.rest(source))
                await writer.drain()
        writer.write(self._exchange.rest(source))
        if writer.can_write_eof():
            writer.write_eof()

    async def _without_bytes(self, step):
        fault = None if self._unread else self._proxy.due(self._fault, step, BEGIN)
        if fault:
            self._unread = True
            await self._interrupt(fault)

    async def _interrupt(self, fault):
        if fault.kind == "delay":
            await asyncio.sleep(fault.delay_s)
        elif fault.kind == "stall":
            await asyncio.sleep(fault.stall_s)
        elif fault.kind == "reset":
            self._reset()
            raise _Cut
        elif fault.kind == "close":
            raise _Cut

    async def _forward(self, writer, step, message):
        offsets = {BEGIN: 0, MIDDLE: len(message) // 2, END: len(message) - 1}
        for place in STEPS.get(step, []):
            fault = self._proxy.due(self._fault, step, place)
            if fault:
                self._unread = True
                await self._hurt(writer, fault, message, offsets[place])
                return
        writer.write(message)
        await writer.drain()

    async def _hurt(self, writer, fault, message, offset):
        before, byte, after = message[:offset], message[offset:offset + 1], message[offset + 1:]
        if fault.kind == "corrupt":
            message = before + bytes([byte[0] ^ 1]) + after
        elif fault.kind == "duplicate":
            message = before + byte + byte + after
        elif fault.kind == "duplicate all":
            message = before + message[offset:] + message[offset:]
        elif fault.kind == "split":
            for piece in range(offset, len(message), 7):
                writer.write(before + message[piece:piece + 7])
                before = b""
                await writer.drain()
                await asyncio.sleep(0)
            return
        else:
            writer.write(before)
            await writer.drain()
            await self._interrupt(fault)
            message = byte + after
        writer.write(message)
        await writer.drain()


def random_faults(seed, share, **times):
    """Returns a `choose` that injects a random fault into this share of the connections."""
    chance = random.Random(seed)
    known = list(combinations())
    return lambda: Fault(*chance.choice(known), **times) if chance.random() < share else None
