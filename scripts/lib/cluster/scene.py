"""What a fault of the cluster works with: its parts, and the steps of a job at which the database can be held."""

import asyncio
import dataclasses
import signal
import time

from cluster.postgres import ROLE

# How long the database is held in a step of a job, before others' locks time out, and how often that is tried.
HOLD_S = 3
HOLDS_MAX = 20
# How long jobs collect before that, and how long a lock may take.
COLLECT_S = 0.7
LOCK_S = 0.1
# A dispatcher's jobs are others' after 35 s; this limit only keeps a run from hanging.
RESCUE_S_MAX = 120
HOLDER = "cluster-chaos"
TERMINATE = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}'"


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of a job at which the database can be held: the statement that then waits, and how it is held."""

    name: str
    statement: str  # A regular expression.
    lock: str = ""  # What is locked. Empty: the standby stands still.
    event: str = "Lock"


READING = Step("reading", "SELECT bytes FROM job_image", "job_image IN ACCESS EXCLUSIVE MODE")
COMMITTING = Step("committing", "^WITH gone .*INSERT INTO recognition", event="SyncRep")
STEPS = [
    Step("submitting", "INSERT INTO job ", "job IN SHARE MODE"),
    Step("claiming", "FOR UPDATE SKIP LOCKED", "job IN EXCLUSIVE MODE"),
    READING,
    Step("recording", "^WITH gone .*INSERT INTO recognition", "recognition IN SHARE MODE"),
    COMMITTING,
]


class Scene:
    """What a fault has to do with: the cluster, chance, and what it measures."""

    def __init__(self, cluster, chance, load):
        self.cluster = cluster
        self.chance = chance
        self.violate = load.violate
        self.forget_states = load.forget_states
        self.rescues_s = []  # How long jobs of dead dispatchers waited for others.
        self.end = float("inf")  # When long faults end, in seconds of time.monotonic().

    async def sql(self, statement):
        return await asyncio.to_thread(self.cluster.primary.sql, statement)

    def one_dispatcher(self):
        return self.chance.choice(self.cluster.dispatchers)

    def one_worker(self):
        return self.chance.choice(self.cluster.workers)

    async def is_waiting(self, step, address):
        """Whether one of the dispatcher's statements waits in that step."""
        return bool(await self.sql(
            f"SELECT 1 FROM pg_stat_activity WHERE client_addr = '{address}' AND query ~ '{step.statement}' AND"
            f" '{step.event}' IN (wait_event_type, wait_event)"))

    async def hold(self, step, dispatcher, act):
        """Holds the database in the step, and calls `act` as soon as a statement of the dispatcher waits there."""
        address = dispatcher.node.address
        for _ in range(HOLDS_MAX):
            primary = self.cluster.primary
            session = None
            # Workers answer in milliseconds. While they stand still, jobs collect, so that some reach the step.
            self.signal_workers(signal.SIGSTOP)
            try:
                await asyncio.sleep(COLLECT_S)
                if step.lock:
                    session = primary.session(f"LOCK TABLE samoyed.{step.lock}", f"SELECT pg_sleep({RESCUE_S_MAX})",
                                              name=HOLDER)
                    await asyncio.sleep(LOCK_S)
                else:
                    self.cluster.standby.node.signal_all(signal.SIGSTOP)
            finally:
                self.signal_workers(signal.SIGCONT)
            try:
                end = time.monotonic() + HOLD_S
                while time.monotonic() < end:
                    if await self.is_waiting(step, address):
                        await act()
                        return
            finally:
                if session:
                    await asyncio.to_thread(primary.end_sessions, HOLDER)
                    await asyncio.to_thread(session.wait)
                else:
                    self.cluster.standby.node.signal_all(signal.SIGCONT)
            await asyncio.sleep(HOLD_S * self.chance.random())
        states = await self.sql("SELECT name, job.state, count(*) FROM samoyed.job LEFT JOIN samoyed.dispatcher ON"
                                " dispatcher.id = owner GROUP BY 1, 2")
        standby = await self.sql("SELECT sync_state, state FROM pg_stat_replication")
        raise AssertionError(f"no job of {address} was ever seen {step.name}; jobs by their owners and states: {states}; "
                             f"the standby: {standby}")

    async def owner(self, dispatcher):
        return (await self.sql(f"SELECT id FROM samoyed.dispatcher WHERE name = '{dispatcher.node.name}'"))[0][0]

    async def running_jobs(self, owner):
        return int((await self.sql(
            f"SELECT count(*) FROM samoyed.job WHERE state = 1 AND owner = '{owner}'"))[0][0])

    def signal_workers(self, number):
        for worker in self.cluster.workers:
            worker.program.send(number)

    async def while_workers_stand(self, dispatcher, act):
        """Stops the workers while they have jobs of the dispatcher, and then acts and lets them go on.

        Jobs wait for their images, then the workers stop, and then the images are sent to them."""
        async def stop_workers():
            self.signal_workers(signal.SIGSTOP)
        owner = await self.owner(dispatcher)
        for _ in range(HOLDS_MAX):
            try:
                await self.hold(READING, dispatcher, stop_workers)
                while await self.is_waiting(READING, dispatcher.node.address):
                    pass
                if await self.running_jobs(owner) > 0:
                    await act()
                    return
            finally:
                self.signal_workers(signal.SIGCONT)
        raise AssertionError(f"the workers have never had a job of {dispatcher.node.name}")

    async def await_rescue(self, owner):
        """Waits until others have the jobs of a dead dispatcher."""
        begin = time.monotonic()
        while await self.running_jobs(owner) > 0:
            if time.monotonic() - begin > RESCUE_S_MAX:
                self.violate(f"the jobs of a dead dispatcher still wait after {RESCUE_S_MAX} s")
                return
            await asyncio.sleep(0.2)
        self.rescues_s.append(time.monotonic() - begin)
