"""The whole cluster: two dispatchers behind HAProxy, a primary and a standby of PostgreSQL, workers, and DNS."""

import asyncio
import http.client
import pathlib
import re
import signal
import socket
import time

import unpacked
from cluster.nodes import FOLDER, Network, find_faketime
from cluster.postgres import DATABASE, ROLE, STANDBY_NAME, PostgresNode
from name_server import ZONE, NameServer
from service import ROOT_DIR

DISPATCHERS = {"dispatcher-1": "10.10.0.11", "dispatcher-2": "10.10.0.12"}  # As in deploy/haproxy.cfg.
BALANCER_ADDRESS, BALANCER_PORT = "10.10.0.10", 8080
DATABASES = {"database-1": "10.10.0.21", "database-2": "10.10.0.22"}
WORKERS = {f"worker-{number}": f"10.10.0.3{number}" for number in range(1, 5)}
NAME_SERVER_ADDRESS = "10.10.0.53"
DISPATCHER_PORT, WORKER_PORT = 9999, 8888
WORKERS_NAME = f"workers.{ZONE}"
# Longer than two of HAProxy's checks take.
READY_DRAIN_MS = 5000
# The cluster is well again if it was so for this time: HAProxy needs two checks, a second apart.
WELL_S = 3
# A generous limit for that, because a busy machine is no failure. It doesn't measure speed.
RECOVERY_S_MAX = 180
NOTICE = "results and jobs are unavailable"
ANSWER_TIMEOUT_S = 30


class Instance:
    """A dispatcher or a worker on its node. It may be restarted."""

    def __init__(self, service, node, *command):
        self.node = node
        self.program = None
        self._service = service
        self._command = command

    def launch(self, env=None):
        self.program = self._service.launch(*self.node.command(*self._command), env=env)

    def start(self, env=None):
        self.launch(env)
        self.program.wait_until_ready()

    def stop(self):
        """Stops it as a service manager would. It must end well."""
        self.program.stop(RECOVERY_S_MAX)

    def kill(self):
        self.program.send(signal.SIGKILL)
        self.program.wait()


class Dispatcher(Instance):
    """One of the dispatchers."""

    def __init__(self, service, node):
        hosts = ",".join(DATABASES.values())
        super().__init__(
            service, node, service.bin_dir / "samoyed-dispatcher", "--address", node.address, "--port", DISPATCHER_PORT,
            "--store", f"postgresql://{ROLE}@{hosts}/{DATABASE}", "--instance-name", node.name, "--discover",
            f"{WORKERS_NAME}:{WORKER_PORT}", "--dns-server", NAME_SERVER_ADDRESS, "--trusted-proxy", BALANCER_ADDRESS,
            "--ready-drain-ms", READY_DRAIN_MS)

    def start_with_clock(self, offset_s):
        """Starts it with a clock that is wrong by that many seconds."""
        self.start({"LD_PRELOAD": str(find_faketime()), "FAKETIME": f"{offset_s:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                    "DONT_FAKE_MONOTONIC": "1"})

    def readiness(self):
        """The status and text of /readyz; None if there was no answer."""
        connection = http.client.HTTPConnection(self.node.address, DISPATCHER_PORT, timeout=ANSWER_TIMEOUT_S)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def peak_memory_mib(self):
        """The most memory that the running process has had."""
        status = pathlib.Path(f"/proc/{self.program.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024

    def is_well(self):
        found = self.readiness()
        return found is not None and found[0] == 200 and NOTICE not in found[1]


class Cluster:
    """All nodes with their programs. `service` launches them."""

    def __init__(self, service):
        self._service = service
        network = Network()
        self.name_server = NameServer(
            port=53, host=NAME_SERVER_ADDRESS, prefix=network.add("dns", NAME_SERVER_ADDRESS).command())
        self.set_workers(WORKERS.values())
        self.workers = [Instance(service, network.add(name, address), service.bin_dir / "samoyed-worker", address,
                                 WORKER_PORT, "--model", "null") for name, address in WORKERS.items()]
        self.dispatchers = [Dispatcher(service, network.add(name, address)) for name, address in DISPATCHERS.items()]
        self.primary, self.standby = (PostgresNode(service, network.add(name, address))
                                      for name, address in DATABASES.items())
        self._balancer = network.add("haproxy", BALANCER_ADDRESS)

    def start(self):
        """Starts everything."""
        self.name_server.start()
        for worker in self.workers:
            worker.start()
        self.primary.initialize()
        self.standby.clone(self.primary)
        self.primary.replicate(True)
        for dispatcher in self.dispatchers:
            dispatcher.start()
        balancer = self._service.launch(
            *self._balancer.command(unpacked.find_program("haproxy"), "-db", "-f", ROOT_DIR / "deploy/haproxy.cfg"),
            env=unpacked.environment(FOLDER))
        while not self._accepts():
            if not balancer.is_running():
                raise AssertionError(balancer.report())
            time.sleep(0.1)

    @staticmethod
    def _accepts():
        try:
            socket.create_connection((BALANCER_ADDRESS, BALANCER_PORT), ANSWER_TIMEOUT_S).close()
            return True
        except OSError:
            return False

    def set_workers(self, addresses):
        self.name_server.set(WORKERS_NAME.removesuffix(f".{ZONE}"), list(addresses))

    def fail_over(self):
        """The primary is gone: the standby takes its place."""
        self.primary, self.standby = self.standby, self.primary
        self.primary.promote()

    def build_standby(self):
        """Makes a standby of the server that was lost."""
        self.standby.clone(self.primary)
        self.primary.replicate(True)

    def is_well(self):
        """True if all is as at the start."""
        if not all(dispatcher.is_well() for dispatcher in self.dispatchers):
            return False
        try:
            return self.primary.value(f"SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
                                      f" AND application_name = '{STANDBY_NAME}'") == "1"
        except AssertionError:
            return False

    async def recover(self):
        """Waits until all is well. Returns False if that takes too long."""
        end = time.monotonic() + RECOVERY_S_MAX
        well_since = None
        while time.monotonic() < end:
            if not await asyncio.to_thread(self.is_well):
                well_since = None
            elif well_since is None:
                well_since = time.monotonic()
            elif time.monotonic() - well_since >= WELL_S:
                return True
            await asyncio.sleep(0.5)
        return False

    def logs(self, lines):
        """The last lines of the dispatchers' logs that aren't about requests."""
        texts = []
        for dispatcher in self.dispatchers:
            kept = [line for line in dispatcher.program.log.lines() if "[info]" not in line][-lines:]
            texts.append("\n".join([f"--- {dispatcher.node.name}", *kept]))
        return "\n".join(texts)


