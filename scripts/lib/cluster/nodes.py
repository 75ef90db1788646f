"""Network namespaces that are joined by a bridge, inside namespaces that this process has to itself.

Nothing outside changes, and when this process ends, however it does, the kernel ends every program in them and removes
the namespaces with all their files.
"""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys

from unpacked import find_postgresql, find_program

INSIDE = "SAMOYED_CLUSTER_INSIDE"
# Covered by an empty file system that only this process and its programs see.
FOLDER = pathlib.Path("/run")
NAMESPACES = ["--net", "--mount", "--ipc", "--pid"]
BRIDGE_ADDRESS = "10.10.0.1"
# Parts of iptables rules: packets to and from a peer.
DIRECTIONS = (("INPUT", "-s", "--dport"), ("OUTPUT", "-d", "--sport"))
PR_SET_PDEATHSIG = 1


def missing_requirements():
    """What this machine lacks for a cluster, as a list of texts."""
    if os.geteuid() != 0:
        return ["root, to make network namespaces"]
    lacks = [name for name in ("ip", "iptables", "nsenter", "setpriv", "unshare") if not shutil.which(name)]
    lacks += [name for name in ("haproxy", "dnsmasq") if not find_program(name)]
    folder = find_postgresql()
    lacks += [name for name in ("postgres", "initdb", "psql", "pg_basebackup")
              if folder is None or not (folder / name).exists()]
    if find_faketime() is None:
        lacks.append("libfaketime")
    if lacks:
        return lacks
    probe = ("mount -t tmpfs tmpfs /run && ip link add probe0 type bridge && ip link add probe1 type veth peer name probe2"
             " && iptables -A INPUT -s 10.10.0.1 -p tcp --dport 1 -j DROP")
    done = subprocess.run(["unshare", *NAMESPACES, "--fork", "--mount-proc", "sh", "-c", probe], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"namespaces with bridges and packet filters ({done.stderr.strip()})"]


def find_faketime():
    """The library that shifts the clock of a program; None if it is missing."""
    found = sorted(pathlib.Path("/usr/lib").glob("*-linux-gnu/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None


def is_inside():
    return bool(os.environ.get(INSIDE))


def run_inside(command):
    """Runs a Python command in new namespaces, where `is_inside` is true. Returns its exit status."""
    environment = {**os.environ, INSIDE: "1", "TMPDIR": str(FOLDER)}
    inner = subprocess.Popen(
        ["unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc", sys.executable, *command], env=environment,
        preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: inner.kill())
    while True:
        try:
            return inner.wait()
        except KeyboardInterrupt:
            continue  # The terminal sent it to the inner process too, which ends.


class Node:
    """A network namespace with one address, where programs run."""

    def __init__(self, name, address):
        self.name = name
        self.address = address

    def command(self, *command):
        """Returns the command that runs `command` there, in the same process."""
        return ["nsenter", f"--net={FOLDER}/netns/{self.name}", *command]

    def cut_off(self, *peers):
        """Drops all packets from and to the addresses."""
        for peer in peers:
            for chain, whose, _ in DIRECTIONS:
                self._run("iptables", "-A", chain, whose, peer, "-j", "DROP")

    def cut_port(self, port):
        """Drops all packets from and to the node's own TCP port."""
        for chain, _, side in DIRECTIONS:
            self._run("iptables", "-A", chain, "-p", "tcp", side, str(port), "-j", "DROP")

    def join(self):
        """Takes all cuts back."""
        self._run("iptables", "-F")

    def signal_all(self, number):
        """Sends a signal to all programs there."""
        for pid in _run("ip", "netns", "pids", self.name).split():
            try:
                os.kill(int(pid), number)
            except ProcessLookupError:
                pass

    def _run(self, *command):
        return _run(*self.command(*command))


class Network:
    """The bridge that joins the nodes. This process is at its address."""

    def __init__(self):
        _run("mount", "-t", "tmpfs", "tmpfs", FOLDER)
        (FOLDER / "netns").mkdir()
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", "bridge", "type", "bridge")
        _run("ip", "address", "add", f"{BRIDGE_ADDRESS}/24", "dev", "bridge")
        _run("ip", "link", "set", "bridge", "up")

    @staticmethod
    def add(name, address):
        """Makes a node."""
        _run("ip", "netns", "add", name)
        _run("ip", "link", "add", f"to-{address.rsplit('.', 1)[1]}", "master", "bridge", "up", "type", "veth", "peer",
             "name", "eth0", "netns", name)
        for command in (["address", "add", f"{address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
                        ["link", "set", "lo", "up"]):
            _run("ip", "-n", name, *command)
        return Node(name, address)


def _run(*command):
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout
