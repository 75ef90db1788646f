"""A proxy between a dispatcher and a worker that hurts the connection at a chosen step of the exchange.

    dispatcher ---- FaultProxy ---- worker

It reads both directions message by message (src/protocol/PROTOCOL.md), so it knows at which step an
exchange is. A connection meets one fault at most; from then on its bytes pass unread, for what the two
sides make of the fault is theirs to decide.
"""

import asyncio
import dataclasses
import random
import re
import socket
import struct
import threading

TEXT_END = re.compile(rb" -\d{4}")
# The parts of a message, as offsets: before its first byte, in its payload, before its last byte.
BEGIN, MIDDLE, END = "begin", "middle", "end"

# Each step, in the order of an exchange, with its places. `connect` is before any byte, `idle` after
# the last A, on a connection that may be kept.
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
# What can be done where there are no bytes.
FAULTS_WITHOUT_BYTES = ["close", "reset", "delay", "stall"]


def combinations():
    """Every (step, place, fault) that there is."""
    for step, places in STEPS.items():
        without_bytes = step in ("connect", "idle")
        for place in places:
            for fault in FAULTS_WITHOUT_BYTES if without_bytes else FAULTS:
                yield step, place, fault


@dataclasses.dataclass
class Fault:
    """What to do, and where. `delay_s` is shorter and `stall_s` longer than the peers wait."""

    step: str
    place: str
    kind: str
    delay_s: float = 0.05
    stall_s: float = 30


class _Cut(Exception):
    """The connection is to end here."""


class _Exchange:
    """Which message comes next in each direction, each by itself: an image may follow its size before that
    was answered. `take` gives (step, message) or None."""

    def __init__(self):
        self._buffers = {"client": b"", "worker": b""}
        self._client_step = "hello"
        self._worker_step = "hello reply"
        self._image_bytes = 0

    def feed(self, side, data):
        self._buffers[side] += data

    def rest(self, side):
        """What came beyond the last whole message."""
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
    """Listens at `port` and passes everything on to the worker at `target_port`.

    `choose` is asked once a connection and gives its Fault or None; `fired` counts what was done, by
    (step, place, kind). Thread rule: one thread of its own serves; `choose` is called on it.
    """

    def __init__(self, target_port, choose=lambda: None):
        self.choose = choose
        self.fired = {}
        self._armed = None
        self._serving = set()  # The event loop itself keeps no task alive.
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
        """Does this once, on whatever connection first comes to that step."""
        self._armed = fault

    def armed(self):
        """Whether what was armed is still to come."""
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
        """The fault for this place, which is then counted as done; `own` is the connection's."""
        fault = own or self._armed
        if fault is None or (fault.step, fault.place) != (step, place):
            return None
        if fault is self._armed:
            self._armed = None
        key = (step, place, fault.kind)
        self.fired[key] = self.fired.get(key, 0) + 1
        return fault


class _Connection:
    """One connection of the dispatcher and the one to the worker that belongs to it."""

    def __init__(self, proxy, reader, writer, fault):
        self._proxy = proxy
        self._readers = {"client": reader}
        self._writers = {"client": writer}
        self._fault = fault
        self._exchange = _Exchange()
        self._unread = False  # Whether bytes now pass without being read.

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
    """A `choose` that hurts this share of the connections, each in a way that chance picks."""
    chance = random.Random(seed)
    known = list(combinations())
    return lambda: Fault(*chance.choice(known), **times) if chance.random() < share else None
