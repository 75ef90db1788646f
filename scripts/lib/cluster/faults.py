"""The faults of a cluster, each by its name."""

import asyncio
import dataclasses
import signal
import time
from typing import Callable

from cluster.cluster import DATABASES, DISPATCHERS, RECOVERY_S_MAX, WORKERS
from cluster.nodes import BRIDGE_ADDRESS
from cluster.load import CONNECTIONS, STORE
from cluster.postgres import take_connection
from cluster.scene import COMMITTING, HOLDER, STEPS, TERMINATE

# Less and more than a dispatcher's lease, which lasts for 30 s.
SHORT_S, LONG_S = 25, 60
WORKER_GONE_S = 5
CUT_WORKER_S = 20
# Longer than workers that DNS has dropped go on serving.
DNS_S = 45
SPLIT_S = 25
DISK_FULL_S = 15
NO_CONNECTIONS_S = 15
SNAPSHOT_S = 600
CLOCK_OFF_S = 3600
CLOCKS_OFF_S = 20
TERMINATIONS, TERMINATION_PAUSE_S = 10, 0.5


@dataclasses.dataclass(frozen=True)
class Fault:
    """One fault: what it does, and what may fail meanwhile."""

    name: str
    breaks: frozenset
    run: Callable
    long: bool  # Others happen meanwhile.


FAULTS = {}


def fault(name, *breaks, long=False):
    """Registers a fault. Its docstring describes it."""
    def register(run):
        FAULTS[name] = Fault(name, frozenset(breaks), run, long)
        return run
    return register


async def kill(dispatcher):
    await asyncio.to_thread(dispatcher.kill)


async def kill_and_wait(scene, dispatcher, at_step):
    """Kills a dispatcher in a step, waits until its jobs are others', and starts it again."""
    owner = await scene.owner(dispatcher)
    await at_step(lambda: kill(dispatcher))
    await scene.await_rescue(owner)
    await asyncio.to_thread(dispatcher.start)


def add_kill(step):
    """Registers the kill of a dispatcher in that step of a job."""
    @fault(f"kill-{step.name}", CONNECTIONS)
    async def kill_in_step(scene):
        dispatcher = scene.one_dispatcher()
        await kill_and_wait(scene, dispatcher, lambda act: scene.hold(step, dispatcher, act))
    kill_in_step.__doc__ = f"A dispatcher is killed (SIGKILL) while it is {step.name} a job, and restarted after a rescue."


for each in STEPS:
    add_kill(each)


@fault("kill-running", CONNECTIONS)
async def kill_running(scene):
    """A dispatcher is killed while workers have its jobs, and restarted when others have them."""
    dispatcher = scene.one_dispatcher()
    await kill_and_wait(scene, dispatcher, lambda act: scene.while_workers_stand(dispatcher, act))


@fault("kill-restart", CONNECTIONS)
async def kill_restart(scene):
    """A dispatcher is killed in any step and restarted at once."""
    dispatcher = scene.one_dispatcher()
    await scene.hold(scene.chance.choice(STEPS), dispatcher, lambda: kill(dispatcher))
    await asyncio.to_thread(dispatcher.start)


async def stand_still(scene, seconds):
    dispatcher = scene.one_dispatcher()

    async def stop():
        dispatcher.program.send(signal.SIGSTOP)
    await scene.while_workers_stand(dispatcher, stop)
    await asyncio.sleep(seconds)
    dispatcher.program.send(signal.SIGCONT)


@fault("stop-25s", CONNECTIONS)
async def stop_short(scene):
    """A dispatcher with running jobs stands still (SIGSTOP) for less than its lease."""
    await stand_still(scene, SHORT_S)


@fault("stop-60s", CONNECTIONS)
async def stop_long(scene):
    """A dispatcher with running jobs stands still for longer than its lease, so that others do its jobs."""
    await stand_still(scene, LONG_S)


async def cut_from_store(scene, seconds):
    dispatcher = scene.one_dispatcher()

    async def cut():
        dispatcher.node.cut_off(*DATABASES.values())
    await scene.while_workers_stand(dispatcher, cut)
    await asyncio.sleep(seconds)
    dispatcher.node.join()


@fault("cut-25s", STORE)
async def cut_short(scene):
    """All packets between a dispatcher with running jobs and PostgreSQL are dropped for less than its lease."""
    await cut_from_store(scene, SHORT_S)


@fault("cut-60s", STORE)
async def cut_long(scene):
    """The same for longer than its lease."""
    await cut_from_store(scene, LONG_S)


@fault("store-restart", STORE)
async def store_restart(scene):
    """PostgreSQL is stopped at once (SIGQUIT) and restarted."""
    await asyncio.to_thread(scene.cluster.primary.stop, signal.SIGQUIT)
    await asyncio.to_thread(scene.cluster.primary.start)


@fault("terminate", STORE)
async def terminate(scene):
    """All connections to PostgreSQL are terminated, again and again."""
    for _ in range(TERMINATIONS):
        await scene.sql(TERMINATE)
        await asyncio.sleep(TERMINATION_PAUSE_S)


@fault("terminate-committing", STORE)
async def terminate_committing(scene):
    """All connections are terminated while the COMMIT of a job's end is on its way."""
    for dispatcher in scene.cluster.dispatchers:
        await scene.hold(COMMITTING, dispatcher, lambda: scene.sql(TERMINATE))


@fault("failover", STORE)
async def failover(scene):
    """The primary is lost with its disk. The standby is promoted, and a new standby is built."""
    cluster = scene.cluster
    await asyncio.to_thread(cluster.primary.lose)
    await asyncio.to_thread(cluster.fail_over)
    await asyncio.to_thread(cluster.build_standby)


@fault("failover-cut", STORE)
async def failover_cut(scene):
    """The primary can't be reached any more, is lost, and the standby is promoted."""
    cluster = scene.cluster
    lost = cluster.primary
    lost.node.cut_off(*DATABASES.values(), *DISPATCHERS.values())
    await asyncio.sleep(scene.chance.uniform(0, SHORT_S))
    await asyncio.to_thread(lost.lose)
    await asyncio.to_thread(cluster.fail_over)
    await asyncio.sleep(scene.chance.uniform(0, SHORT_S))
    lost.node.join()
    await asyncio.to_thread(cluster.build_standby)


@fault("failover-split", STORE)
async def failover_split(scene):
    """The primary loses its standby, but not the dispatchers. Connections that wait for it are terminated. Then the primary is
    lost."""
    cluster = scene.cluster
    lost = cluster.primary
    lost.node.cut_off(cluster.standby.node.address)
    for _ in range(TERMINATIONS):
        await asyncio.sleep(SPLIT_S / TERMINATIONS)
        await scene.sql(TERMINATE)
    await asyncio.to_thread(lost.lose)
    # PostgreSQL shows transactions that the standby lacks if their wait for it was terminated.
    scene.forget_states()
    await asyncio.to_thread(cluster.fail_over)
    lost.node.join()
    await asyncio.to_thread(cluster.build_standby)


@fault("disk-full", STORE)
async def disk_full(scene):
    """PostgreSQL's disk is full. If that ends the server, it is started again when there is room."""
    primary = scene.cluster.primary
    primary.fill_disk()
    await asyncio.sleep(DISK_FULL_S)
    primary.empty_disk()
    if not primary.is_running():
        await asyncio.to_thread(primary.start)


@fault("max-connections", STORE)
async def max_connections(scene):
    """Others take all connections of PostgreSQL, also those that the dispatchers had."""
    primary = scene.cluster.primary
    taken = []
    end = time.monotonic() + NO_CONNECTIONS_S

    def take_all():
        while time.monotonic() < end:
            if connection := take_connection(primary.node.address):
                taken.append(connection)
    try:
        taking = asyncio.create_task(asyncio.to_thread(take_all))
        while not taking.done():
            # The dispatchers connect again, and sometimes it is one of the others who is faster.
            await scene.sql(f"{TERMINATE} AND client_addr <> '{BRIDGE_ADDRESS}'")
            await asyncio.sleep(TERMINATION_PAUSE_S)
        await taking
    finally:
        for connection in taken:
            connection.close()


@fault("snapshot", long=True)
async def snapshot(scene):
    """A program holds a snapshot of the database for ten minutes, while other faults happen."""
    name = f"{HOLDER}-snapshot"
    session = scene.cluster.primary.session(
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM samoyed.job",
        f"SELECT pg_sleep({SNAPSHOT_S})", name=name)
    end = min(time.monotonic() + SNAPSHOT_S, scene.end)
    while time.monotonic() < end and session.poll() is None:
        await asyncio.sleep(1)
    await asyncio.to_thread(scene.cluster.primary.end_sessions, name)
    session.kill()  # If its server was cut off, it would wait for that.
    session.wait()


@fault("listen-cut")
async def listen_cut(scene):
    """The packets of a dispatcher's connection that listens for notifications are dropped."""
    dispatcher = scene.one_dispatcher()
    listening = (f"SELECT client_port FROM pg_stat_activity WHERE client_addr = '{dispatcher.node.address}' AND"
                 " query IN ('SELECT 1', 'LISTEN samoyed_change')")
    ports = {row[0] for row in await scene.sql(listening)}
    if not ports:
        raise AssertionError("no connection listens")
    for port in ports:
        dispatcher.node.cut_port(port)
    end = time.monotonic() + RECOVERY_S_MAX
    while not {row[0] for row in await scene.sql(listening)} - ports:
        if time.monotonic() > end:
            scene.violate(f"{dispatcher.node.name} hasn't listened on a new connection within {RECOVERY_S_MAX} s")
            break
        await asyncio.sleep(0.5)
    dispatcher.node.join()


@fault("worker-killed")
async def worker_killed(scene):
    """A worker is killed, and restarted after some seconds."""
    worker = scene.one_worker()
    await asyncio.to_thread(worker.kill)
    await asyncio.sleep(scene.chance.uniform(0, WORKER_GONE_S))
    await asyncio.to_thread(worker.start)


@fault("worker-cut")
async def worker_cut(scene):
    """All packets between a worker and the dispatchers are dropped for some time."""
    worker = scene.one_worker()
    worker.node.cut_off(*DISPATCHERS.values())
    await asyncio.sleep(CUT_WORKER_S)
    worker.node.join()


@fault("worker-gone-from-dns")
async def worker_gone(scene):
    """DNS drops a worker, which is then stopped, and later started and named again."""
    worker = scene.one_worker()
    others = [address for address in WORKERS.values() if address != worker.node.address]
    await asyncio.to_thread(scene.cluster.set_workers, others)
    await asyncio.sleep(DNS_S)
    await asyncio.to_thread(worker.stop)
    await asyncio.to_thread(worker.start)
    await asyncio.to_thread(scene.cluster.set_workers, WORKERS.values())


@fault("dns-down")
async def dns_down(scene):
    """The name server doesn't answer."""
    scene.cluster.name_server.stop()
    await asyncio.sleep(DNS_S)
    await asyncio.to_thread(scene.cluster.name_server.start)


@fault("clocks")
async def clocks(scene):
    """The dispatchers' clocks are an hour too late and too early."""
    for dispatcher, offset_s in zip(scene.cluster.dispatchers, (CLOCK_OFF_S, -CLOCK_OFF_S)):
        await asyncio.to_thread(dispatcher.stop)
        await asyncio.to_thread(dispatcher.start_with_clock, offset_s)
        await scene.cluster.recover()
    await asyncio.sleep(CLOCKS_OFF_S)
    for dispatcher in scene.cluster.dispatchers:
        await asyncio.to_thread(dispatcher.stop)
        await asyncio.to_thread(dispatcher.start)
        await scene.cluster.recover()


@fault("rolling-restart")
async def rolling_restart(scene):
    """Every dispatcher, every worker and the standby are restarted in order, one after the other."""
    for instance in [*scene.cluster.dispatchers, *scene.cluster.workers]:
        await asyncio.to_thread(instance.stop)
        await asyncio.to_thread(instance.start)
        await scene.cluster.recover()
    await asyncio.to_thread(scene.cluster.standby.stop, signal.SIGINT)
    await asyncio.to_thread(scene.cluster.standby.start)
