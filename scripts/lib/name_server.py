"""DNS servers for tests: a real dnsmasq whose records a test changes, and one that answers every question wrongly."""

import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

# Debian installs it in a folder that users' PATH lacks.
DNSMASQ = shutil.which("dnsmasq") or shutil.which("dnsmasq", path="/usr/sbin:/usr/local/sbin")
READY_TIMEOUT_S = 60
ZONE = "cell.test"

NO_ERROR, SERVFAIL = 0, 2


def free_port():
    """A port on which neither UDP nor TCP has a socket. It stays free for a while, because the system gives none below
    its range to those who take any port."""
    end = max(20000, int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]))
    while True:
        port = random.randrange(10000, end)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, socket.socket() as stream:
            try:
                datagrams.bind(("127.0.0.1", port))
                stream.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def ask(port, name, timeout_s=1, host="127.0.0.1"):
    """The reply code for a question for the addresses of `name`; None without a reply."""
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    query = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + question + struct.pack("!2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout_s)
        try:
            client.connect((host, port))
            client.send(query)
            return client.recv(4096)[3] & 15
        except OSError:
            return None


class NameServer:
    """dnsmasq for the names below `ZONE`, by default on a free port of the loopback interface. Its other names are unknown
    to it.

    `options` are further ones of dnsmasq, for example for SRV records. The time to live of its answers is 1 second.
    `prefix` is a command that runs dnsmasq, for example in a network namespace that has `host`."""

    def __init__(self, *options, port=None, host="127.0.0.1", prefix=()):
        self.port = port or free_port()
        self.host = host
        self._prefix = prefix
        self._options = options
        self._folder = tempfile.TemporaryDirectory()
        self._hosts = pathlib.Path(self._folder.name) / "hosts"
        self._process = None
        self._records = {}

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def start(self):
        """Starts it and waits until it answers. Returns self."""
        self._write()
        # dnsmasq would change its user to one that can't read the test's folder.
        as_root = ["--user=root", "--group=root"] if pathlib.Path("/proc/self").stat().st_uid == 0 else []
        self._process = subprocess.Popen(
            [*self._prefix, DNSMASQ, "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts",
             f"--port={self.port}", f"--listen-address={self.host}", "--bind-interfaces", f"--local=/{ZONE}/",
             f"--addn-hosts={self._hosts}", "--local-ttl=1", *as_root, *self._options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        end = time.monotonic() + READY_TIMEOUT_S
        while self._ask(f"ready.{ZONE}") is None:
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"dnsmasq doesn't answer: {self._process.stderr.read().decode()}")
        return self

    def set(self, name, addresses):
        """From the return on, `name` (below ZONE) has these addresses. None at all: it doesn't exist."""
        self._records[name] = addresses
        if self._process is None:
            return
        self._write()
        # dnsmasq reads the file again after the signal; the name of this generation shows when it has.
        self._process.send_signal(signal.SIGHUP)
        end = time.monotonic() + READY_TIMEOUT_S
        while self._ask(self._generation) != NO_ERROR:
            if time.monotonic() > end:
                raise AssertionError("dnsmasq doesn't read its hosts again")
            time.sleep(0.02)

    def _ask(self, name):
        return ask(self.port, name, host=self.host)

    def _write(self):
        self._generation = f"g{time.monotonic_ns()}.{ZONE}"
        lines = [f"{address} {name}.{ZONE}" for name, addresses in self._records.items() for address in addresses]
        self._hosts.write_text("\n".join([*lines, f"127.0.0.1 {self._generation}", ""]))

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def close(self):
        self.stop()
        self._folder.cleanup()


class BrokenNameServer:
    """Answers every question by UDP with an error, or not at all, and counts the questions."""

    def __init__(self, port, code):
        self._code = code  # None: no answer.
        self.questions = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                query, client = self._socket.recvfrom(4096)
            except OSError:
                return
            if client is None:  # After `close`.
                return
            self.questions += 1
            if self._code is None:
                continue
            # The question comes back with the reply bit and the code.
            self._socket.sendto(query[:2] + bytes([0x81, 0x80 | self._code]) + query[4:], client)

    def close(self):
        # A blocked recvfrom ends with the shutdown, not with the close.
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
