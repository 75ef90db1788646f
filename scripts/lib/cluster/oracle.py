"""Judges a run when it is over: each acknowledged job has ended once, and nothing was recorded twice."""

import asyncio
import collections
import json
import time

import http_load
from cluster.cluster import DISPATCHER_PORT

# A generous limit for the jobs that are left, because a busy machine is no failure.
DRAIN_S_MAX = 300
CONNECTIONS = 8
EXAMPLES_MAX = 5


class Oracle:
    """Compares what the clients were told with the database and with both dispatchers."""

    def __init__(self, cluster, load):
        self._cluster = cluster
        self._load = load

    async def _sql(self, statement):
        return await asyncio.to_thread(self._cluster.primary.sql, statement)

    async def check(self):
        """Records violations in the load's list. Returns counts by their names."""
        await self._drain()
        counts = await self._check_database()
        for dispatcher in self._cluster.dispatchers:
            await self._check_answers(dispatcher)
        return counts

    async def _drain(self):
        end = time.monotonic() + DRAIN_S_MAX
        while (left := int((await self._sql("SELECT count(*) FROM samoyed.job"))[0][0])) > 0:
            if time.monotonic() > end:
                self._load.violate(f"{left} jobs haven't ended after {DRAIN_S_MAX} s")
                return
            await asyncio.sleep(0.2)

    def _violate_all(self, what, names):
        if names:
            self._load.violate(f"{len(names)} {what}: {', '.join(sorted(names)[:EXAMPLES_MAX])}")

    async def _check_database(self):
        rows = await self._sql("SELECT id, state, coalesce(recognition, 0), file_name FROM samoyed.job_end")
        states = {row[0]: row[1] for row in rows}
        ends = collections.Counter(row[0] for row in rows)
        recognitions = {row[0] for row in await self._sql("SELECT id FROM samoyed.recognition")}
        recorded = {row[0]: int(row[1]) for row in
                    await self._sql("SELECT file_name, count(*) FROM samoyed.recognition GROUP BY file_name")}
        jobs = self._load.jobs
        self._violate_all("acknowledged jobs haven't ended", [job for job in jobs if ends[job] == 0])
        self._violate_all("jobs have ended more than once", [job for job, count in ends.items() if count > 1])
        self._violate_all("images were recorded more than once", [name for name, count in recorded.items() if count > 1])
        self._violate_all("recorded images were never sent", recorded.keys() - self._load.sent)
        done = [row for row in rows if row[1] == "2"]
        self._violate_all("done jobs have no row of their own",
                          [row[0] for row in done if row[2] not in recognitions or recorded.get(row[3]) != 1])
        references = collections.Counter(row[2] for row in done)
        self._violate_all("rows belong to several jobs", [row for row, count in references.items() if count > 1])
        self._violate_all("jobs that didn't end well have a row",
                          [row[0] for row in rows if row[1] != "2" and row[3] in recorded])
        return {
            "jobs acknowledged": len(jobs), "jobs done": sum(states.get(job) == "2" for job in jobs),
            "jobs canceled or failed": sum(states.get(job) == "3" for job in jobs),
            "jobs that ended without an acknowledgment": len(states.keys() - jobs.keys()),
            "results recorded": sum(recorded.values()),
        }

    async def _check_answers(self, dispatcher):
        """Asks one dispatcher for every job."""
        waiting = list(self._load.jobs.values())

        async def ask():
            connection = http_load.Connection(dispatcher.node.address, DISPATCHER_PORT)
            while waiting:
                job = waiting.pop()
                path = f"/api/v1/jobs/{job.id}"
                answer = await connection.ask(http_load.request_of(path, "GET", path))
                if answer.status == 200:
                    self._check_end(job, json.loads(answer.body), dispatcher.node.name)
                else:
                    self._load.violate(f"job {job.id}: {http_load.outcome(answer)} at {dispatcher.node.name}")
            connection.close()

        await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))

    def _check_end(self, job, state, who):
        self._load.check_state(job, state, who)
        if state["state"] not in ("done", "failed"):
            self._load.violate(f"job {job.id} is {state['state']} at {who} after the end")
