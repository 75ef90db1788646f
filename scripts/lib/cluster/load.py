"""Clients of the cluster, and the judgment of each answer that they get."""

import asyncio
import collections
import dataclasses
import json
import random
import time
import uuid

import http_load
from cluster.cluster import BALANCER_ADDRESS, BALANCER_PORT
from sample_images import png

IMAGES = 100
JOBS_AT_ONCE = 16
# How many clients of each kind, and how long each of them pauses between two requests, at most.
CLIENTS = {"upload": (8, 0.1), "single job": (2, 0.3), "jobs by 16": (1, 1.0), "poll": (3, 0.1), "cancel": (1, 0.5),
           "results": (2, 0.5)}
RECENT_JOBS = 500
# Effects of a fault on a request are allowed for this long after its end.
SETTLE_S = 1

# What a fault may break. Only connections of a dispatcher that ends or stands still, and only requests that need the
# database while there is none.
CONNECTIONS, STORE = "connections", "store"
ALLOWED = {
    # HAProxy closes the connection without an answer if the dispatcher has answered on its own one before.
    CONNECTIONS: {(0, "IncompleteReadError"), (502, ""), (503, ""), (504, ""), (504, "deadline")},
    STORE: {(503, "storage"), (503, "spool_full")},
}


@dataclasses.dataclass
class Window:
    """The time of a fault, from its beginning until all was well again."""

    name: str
    breaks: frozenset
    begin: float
    end: float = float("inf")


@dataclasses.dataclass
class AcknowledgedJob:
    """A job that a dispatcher has promised to do."""

    id: str
    file_name: str
    image: int
    cancel: str = ""  # "asked" or "acknowledged".
    state: str = ""   # The last state that was seen.


class Load:
    """All clients, until `stop`. Everything runs on one event loop."""

    def __init__(self, seed):
        self.jobs = {}
        self.right = []
        self.violations = []
        self.outcomes = collections.defaultdict(collections.Counter)
        self.by_fault = collections.defaultdict(collections.Counter)
        self.windows = []
        self.sent = set()  # File names of uploads and jobs.
        self._images = [png(16 + number, 16 + number % 50, number) for number in range(IMAGES)]
        self._chance = random.Random(seed)
        self._recent = collections.deque(maxlen=RECENT_JOBS)
        self._stopping = False

    def violate(self, what):
        names = [window.name for window in self.windows if window.end == float("inf")]
        self.violations.append(f"{what} (during {', '.join(names) or 'no fault'})")

    async def learn(self):
        """Learns the right answer to each image before anything is disturbed."""
        client = Client(self, "learn")
        for number in range(IMAGES):
            answer = await client.upload(number)
            if answer.status != 200:
                raise AssertionError(f"an image got {http_load.outcome(answer)} before any fault: {answer.body[:300]}")
            self.right.append(labels_of(json.loads(answer.body)))
        client.close()
        if len(set(self.right)) < IMAGES * 9 // 10:
            raise AssertionError(f"only {len(set(self.right))} of {IMAGES} images have distinct answers")

    async def run(self):
        await asyncio.gather(*(Client(self, kind, f"{kind}-{number}").run(*pause)
                               for kind, (count, *pause) in CLIENTS.items() for number in range(count)))

    def stop(self):
        self._stopping = True

    def is_stopping(self):
        return self._stopping

    def choose(self):
        return self._chance.randrange(IMAGES)

    def pause(self, longest_s):
        return asyncio.sleep(self._chance.uniform(0, longest_s))

    def image(self, number):
        return self._images[number]

    def acknowledge(self, job):
        self.jobs[job.id] = job
        self._recent.append(job)

    def recent_job(self, newest=False):
        if not self._recent:
            return None
        return self._recent[-1] if newest else self._chance.choice(self._recent)

    def judge(self, kind, answer, good, begin):
        """Counts an answer. If it isn't among the good ones, a fault of its time must explain it. Returns whether it
        is good."""
        self.outcomes[kind][http_load.outcome(answer)] += 1
        outcome = (answer.status, answer.reason)
        if outcome in good:
            return True
        now = time.monotonic()
        overlapping = [window for window in self.windows if window.begin <= now and begin <= window.end + SETTLE_S]
        for window in reversed(overlapping):
            if any(outcome in ALLOWED[what] for what in window.breaks if kind != "upload" or what != STORE):
                self.by_fault[window.name][f"{kind}: {http_load.outcome(answer)}"] += 1
                return False
        faults = ", ".join(window.name for window in overlapping) or "no fault"
        self.violations.append(f"{kind}: {http_load.outcome(answer)} after {now - begin:.3f} s during {faults}: "
                               f"{answer.body[:200].decode(errors='replace')}")
        return False

    def forget_states(self):
        """From now on, jobs may be in other states than those in which they were seen to be."""
        for job in self.jobs.values():
            job.state = ""

    def check_state(self, job, state, who):
        """Checks what a dispatcher says of a job."""
        if state["file_name"] != job.file_name:
            self.violate(f"job {job.id} of {job.file_name} is that of {state['file_name']} at {who}")
        if job.state in ("done", "failed") and state["state"] != job.state:
            self.violate(f"job {job.id} was {job.state} and is {state['state']} at {who}")
        job.state = state["state"]
        if job.state == "done" and labels_of(state["result"]) != self.right[job.image]:
            self.violate(f"job {job.id} got a wrong answer at {who}")
        if job.state == "done" and job.cancel == "acknowledged":
            self.violate(f"job {job.id} was canceled and is done at {who}")
        if job.state == "failed" and (state["reason"] != "cancelled" or not job.cancel):
            self.violate(f"job {job.id} failed at {who}: {state['reason']}: {state['detail']}")


class Client:
    """One client with a connection and cookies of its own."""

    def __init__(self, load, kind, name="learn"):
        self._load = load
        self._kind = kind
        self._name = name
        self._count = 0
        self._cookie = None
        self._connection = http_load.Connection(BALANCER_ADDRESS, BALANCER_PORT)

    def close(self):
        self._connection.close()

    async def run(self, pause_s_max):
        act = {"upload": self.upload_one, "single job": self.submit_one, "jobs by 16": self.submit_many,
               "poll": self.poll_one, "cancel": self.cancel_one, "results": self.read_results}[self._kind]
        while not self._load.is_stopping():
            await act()
            await self._load.pause(pause_s_max)
        self.close()

    async def _send(self, method, path, fields=(), body=b""):
        cookie = [f"Cookie: {self._cookie}"] if self._cookie else []
        answer = await self._connection.ask(http_load.request_of(path, method, path, [*fields, *cookie], body))
        if "set-cookie" in answer.fields:
            self._cookie = answer.fields["set-cookie"].split(";")[0]
        return answer

    def _new_name(self):
        self._count += 1
        name = f"{self._name}-{self._count}.png"
        self._load.sent.add(name)
        return name

    async def upload(self, number):
        """Sends an image to be recognized at once."""
        request_id = uuid.uuid4().hex
        body = http_load.form_body([(self._new_name(), self._load.image(number))])
        fields = [f"Content-Type: {http_load.FORM_TYPE}", f"X-Request-Id: {request_id}"]
        answer = await self._send("POST", "/api/v1/classify", fields, body)
        if answer.status == 200 and json.loads(answer.body)["request_id"] != request_id:
            self._load.violate("an upload got the answer to another one")
        return answer

    async def upload_one(self):
        number = self._load.choose()
        begin = time.monotonic()
        answer = await self.upload(number)
        if self._load.judge("upload", answer, {(200, "")}, begin):
            if labels_of(json.loads(answer.body)) != self._load.right[number]:
                self._load.violate(f"an upload of image {number} got a wrong answer")

    async def submit_one(self):
        await self._submit(1)

    async def submit_many(self):
        await self._submit(JOBS_AT_ONCE)

    async def _submit(self, count):
        files = [(self._new_name(), self._load.choose()) for _ in range(count)]
        body = http_load.form_body([(name, self._load.image(number)) for name, number in files])
        begin = time.monotonic()
        answer = await self._send("POST", "/api/v1/jobs", [f"Content-Type: {http_load.FORM_TYPE}"], body)
        if not self._load.judge(self._kind, answer, {(202, "")}, begin):
            return None
        ids = [job["id"] for job in json.loads(answer.body)["jobs"]]
        if len(set(ids)) != count:
            self._load.violate(f"{count} images became {len(set(ids))} jobs")
        for job_id, (name, number) in zip(ids, files):
            self._load.acknowledge(AcknowledgedJob(job_id, name, number))
        return self._load.jobs[ids[0]]

    async def poll_one(self):
        job = self._load.recent_job()
        if job is None:
            return
        begin = time.monotonic()
        known = job.state
        answer = await self._send("GET", f"/api/v1/jobs/{job.id}")
        if self._load.judge("poll", answer, {(200, "")}, begin) and job.state == known:
            self._load.check_state(job, json.loads(answer.body), "HAProxy")

    async def cancel_one(self):
        job = await self._submit(1)
        if job is None:
            return
        job.cancel = "asked"
        begin = time.monotonic()
        answer = await self._send("DELETE", f"/api/v1/jobs/{job.id}")
        if self._load.judge("cancel", answer, {(200, ""), (404, "unknown_job")}, begin) and answer.status == 200:
            job.cancel = "acknowledged"

    async def read_results(self):
        """Sends an image, and reads this visitor's results."""
        await self.upload_one()
        begin = time.monotonic()
        answer = await self._send("GET", "/api/v1/results")
        if not self._load.judge("results", answer, {(200, "")}, begin):
            return
        for result in json.loads(answer.body)["results"]:
            if not result["file_name"].startswith(f"{self._name}-"):
                self._load.violate(f"{self._name} sees a result of {result['file_name']}")


def labels_of(result):
    """The labels of a result as JSON, which can be compared."""
    return tuple((label["label"], round(label["probability"], 6)) for label in result["labels"])
