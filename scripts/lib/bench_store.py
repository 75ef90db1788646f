"""Measures jobs in PostgreSQL: how many a second, how soon an idle dispatcher starts one, how long those of a killed
dispatcher wait, and what a transaction costs that keeps PostgreSQL from removing old rows."""

import contextlib
import http.client
import json
import pathlib
import random
import signal
import tempfile
import time

import bench_machine
import postgres_server
from bench_run import CannotRun, Turns, median_of, run_json
from bench_service import ONE_CLIENT, write_null_image
from unpacked import find_postgresql

# Room for all jobs of a measurement, all of which come from one client.
MUCH_ROOM = ["--spool-images-max", 10_000_000, "--spool-bytes-max", 10**12]
LARGE_IMAGE_BYTES = 100000
# Between submissions to an idle service, so that each needs a notification of its own.
IDLE_PAUSE_S = (0.15, 0.35)
# A network without workers: a dispatcher that may use only these leaves its jobs to others (RFC 5737).
NO_WORKERS = "192.0.2.0/24"
# How far apart dispatchers are killed: they renew their leases every 5 s.
KILL_PAUSE_S = 1.0
# Rounds whose median is the throughput before a transaction is held open, and at its end.
SNAPSHOT_ROUNDS = 3
# Limit for waiting. It is generous, because a busy machine is not a failure.
PATIENCE_S = 600


class Store:
    """A server with the settings of a new installation, so it syncs each commit to the disk, and a session in it.
    As a context manager, it ends the server. Raises CannotRun if there is no PostgreSQL."""

    def __init__(self, service):
        programs = find_postgresql()
        if not programs:
            raise CannotRun("needs PostgreSQL, which scripts/setup --test unpacks")
        self._stack = contextlib.ExitStack()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        self._database = postgres_server.Database(programs, pathlib.Path(folder))
        self.url = self._database.url
        self._server = service.launch(*self._database.server_command())
        self._stack.callback(postgres_server.end_server, self._server)
        if not self._server.log.wait_for("ready to accept connections"):
            raise CannotRun(f"PostgreSQL did not start: {self._server.log.text()[-200:]}")
        self.session = self.open_session()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def open_session(self):
        return self._stack.enter_context(self._database.open_session())

    def start_dispatcher(self, service, *arguments, workers=()):
        return service.start_dispatcher("--store", self.url, *ONE_CLIENT, *MUCH_ROOM, *arguments, workers=workers)

    def forget_workers(self):
        """Empties the list of workers that dispatchers share."""
        self.session.run("DELETE FROM samoyed.worker")

    def cpu_seconds(self):
        return bench_machine.cpu_seconds_with_children(self._server)

    def newest_job(self):
        """The number of the newest finished job."""
        return int(self.session.number("SELECT coalesce(max(number), 0) FROM samoyed.job_end"))

    def wait_until_done(self, wanted=0):
        """Waits until no more than `wanted` jobs are unfinished."""
        self.wait_for(f"SELECT count(*) <= {wanted} FROM samoyed.job", "the jobs to be done")

    def wait_for(self, condition, what):
        """Waits until a statement returns true."""
        end = time.monotonic() + PATIENCE_S
        while self.session.run(condition) != [["t"]]:
            if time.monotonic() > end:
                raise CannotRun(f"waited in vain for {what}")
            time.sleep(0.05)


def submit(dispatcher, image):
    """Submits one job. Returns its id."""
    connection = http.client.HTTPConnection("127.0.0.1", dispatcher.port, timeout=PATIENCE_S)
    connection.request("POST", "/api/v1/jobs", image.read_bytes(), {"Content-Type": "image/jpeg"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 202:
        raise CannotRun(f"a job was rejected: {answer.status} {body[:200]}")
    return json.loads(body)["jobs"][0]["id"]


def submit_many(bench, dispatcher, image, clients, images_per_request, seconds):
    """Returns the report of clientsocket bench. Its figures are of requests."""
    result = run_json(bench.bin_dir / "clientsocket", "bench", "--json", "--http",
                      f"http://{dispatcher.address}/api/v1/jobs", "--clients", clients, "--seconds", seconds,
                      "--warm-up-seconds", 0, "--images-per-request", images_per_request, image, seconds=seconds)
    if result["refused"] or result["failed"]:
        raise CannotRun(f"jobs were rejected: {result['refused']} {result['failed']}")
    return result


def end_to_end(bench, store, dispatcher, image, clients, images_per_request, seconds):
    """Jobs a second, from the first submission to the last job's end, which is after the submissions ended."""
    newest = store.newest_job()
    used, used_by_store = bench_machine.cpu_seconds(dispatcher), store.cpu_seconds()
    result = submit_many(bench, dispatcher, image, clients, images_per_request, seconds)
    store.wait_until_done()
    used = bench_machine.cpu_seconds(dispatcher) - used
    used_by_store = store.cpu_seconds() - used_by_store
    (jobs, span_ms), = store.session.run("SELECT count(*), max(changed_ms) - min(submitted_ms) FROM samoyed.job_end"
                                         f" WHERE number > {newest} AND state = 2")
    return {"per_s": 1000 * int(jobs) / max(int(span_ms), 1), "cpu_ms": 1000 * used / max(int(jobs), 1),
            "postgres_cpu_ms": 1000 * used_by_store / max(int(jobs), 1), "generator_cores": result["generator_cores"]}


def submissions(bench, store, dispatcher, image, clients, seconds):
    """Accepted submissions a second at a dispatcher without workers."""
    result = submit_many(bench, dispatcher, image, clients, 1, seconds)
    store.session.run("TRUNCATE samoyed.job, samoyed.job_image")
    return {"per_s": result["goodput_per_s"], "p99_ms": result["latency_ms"]["p99"],
            "generator_cores": result["generator_cores"]}


def measure_throughput(bench, store, workers):
    seconds = bench.settings.job_seconds
    small, large = write_null_image(bench), write_null_image(bench, LARGE_IMAGE_BYTES)
    turns = Turns(bench.settings.rounds, bench.progress)
    idle = store.start_dispatcher(bench.service)
    turns.add("submissions", lambda _: submissions(bench, store, idle, small, 32, seconds))
    results = turns.run()
    bench.leave_out_failures(turns)
    idle.kill()
    busy = store.start_dispatcher(bench.service, workers=workers)
    turns = Turns(bench.settings.rounds, bench.progress)
    for name, image, clients, images_per_request in (("in_16s", small, 4, 16), ("single", small, 32, 1),
                                                     ("large", large, 16, 1)):
        turns.add(name, lambda _, how=(image, clients, images_per_request):
                  end_to_end(bench, store, busy, *how, seconds))
    results |= turns.run()
    bench.leave_out_failures(turns)
    busy.kill()
    return results


def measure_snapshot(bench, store, workers):
    """Returns the throughput before and at the end of a transaction that is held open under load: PostgreSQL can't
    remove the rows that it might still see."""
    image = write_null_image(bench)
    dispatcher = store.start_dispatcher(bench.service, workers=workers)

    def rate():
        return end_to_end(bench, store, dispatcher, image, 4, 16, bench.settings.job_seconds)

    before = median_of([rate() for _ in range(SNAPSHOT_ROUNDS)])["per_s"]
    holder = store.open_session()
    holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM samoyed.job")
    end = time.monotonic() + bench.settings.snapshot_seconds
    rates = [rate()]
    while time.monotonic() < end:
        bench.progress(f"a transaction is held open: {rates[-1]['per_s']:.0f} jobs/s")
        rates.append(rate())
    holder.run("COMMIT")
    dispatcher.kill()
    after = median_of(rates[-SNAPSHOT_ROUNDS:])["per_s"]
    return {"before_per_s": before, "after_per_s": after, "loss": 1 - after / before,
            "held_s": bench.settings.snapshot_seconds}


def measure_pick_up(bench, store, workers):
    """Milliseconds from the submission of a job at one dispatcher, its storage included, until another dispatcher,
    which is idle, has had it recognized, by the database's clock."""
    image = write_null_image(bench)
    accepting = store.start_dispatcher(bench.service, "--worker-network", NO_WORKERS)
    idle = store.start_dispatcher(bench.service, workers=workers)
    newest = store.newest_job()
    for number in range(bench.settings.pick_ups):
        bench.progress(f"pick-up {number + 1} of {bench.settings.pick_ups}")
        submit(accepting, image)
        time.sleep(random.uniform(*IDLE_PAUSE_S))
    store.wait_until_done()
    for program in (accepting, idle):
        program.kill()
    (p50, p99), = store.session.run(
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY changed_ms - submitted_ms), percentile_disc(0.99) WITHIN"
        f" GROUP (ORDER BY changed_ms - submitted_ms) FROM samoyed.job_end WHERE number > {newest} AND state = 2")
    return {"p50_ms": int(p50), "p99_ms": int(p99), "jobs": bench.settings.pick_ups}


def measure_rescue(bench, store, workers):
    """Kills dispatchers at different times, each of which runs a job. Returns how long it took until the jobs were
    done elsewhere."""
    bench.progress("the jobs of killed dispatchers")
    image = write_null_image(bench)
    store.forget_workers()
    stuck = bench.service.start_worker("--threads", 1, model="null")
    doomed = {f"doomed-{number}": store.start_dispatcher(bench.service, "--instance-name", f"doomed-{number}",
                                                         workers=[stuck])
              for number in range(bench.settings.killed_dispatchers)}
    newest = store.newest_job()
    for dispatcher in doomed.values():  # Now the worker is known to be in their rotation.
        submit(dispatcher, image)
    store.wait_until_done()
    stuck.send(signal.SIGSTOP)
    for dispatcher in doomed.values():
        submit(dispatcher, image)
    running = "SELECT count(*) = {} FROM samoyed.job WHERE state = 1"
    store.wait_for(running.format(len(doomed)), "each dispatcher to run a job")
    owners = dict(store.session.run("SELECT name, job.id FROM samoyed.job JOIN samoyed.dispatcher ON dispatcher.id ="
                                    " owner"))
    store.forget_workers()
    other = store.start_dispatcher(bench.service, workers=workers)
    killed_ms = {}
    for name, dispatcher in doomed.items():
        dispatcher.kill()
        killed_ms[owners[name]] = time.time() * 1000
        time.sleep(KILL_PAUSE_S)
    store.wait_until_done()
    other.kill()
    stuck.kill()
    ended = store.session.run(f"SELECT id, changed_ms FROM samoyed.job_end WHERE number > {newest}")
    took_s = [(int(changed_ms) - killed_ms[job]) / 1000 for job, changed_ms in ended if job in killed_ms]
    return {"slowest_s": max(took_s), "fastest_s": min(took_s), "jobs": len(took_s)}


def measure(bench):
    """Returns {measurement: its figures}."""
    table = {}
    try:
        with Store(bench.service) as store:
            workers = [bench.service.launch_worker("--threads", 1, model="null") for _ in range(bench.settings.job_workers)]
            for worker in workers:
                worker.wait_until_ready()
            table |= measure_throughput(bench, store, workers)
            for name, step in (("pick_up", measure_pick_up), ("rescue", measure_rescue),
                               ("snapshot", measure_snapshot)):
                try:
                    table[name] = step(bench, store, workers)
                except CannotRun as error:
                    bench.leave_out(name, str(error))
            for worker in workers:
                worker.kill()
    except CannotRun as error:
        bench.leave_out("jobs in PostgreSQL", str(error))
    return table
