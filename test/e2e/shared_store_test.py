"""Tests --store: dispatchers that share a database of PostgreSQL, and how they go on without it."""

import contextlib
import json
import pathlib
import re
import signal
import subprocess
import tempfile

import support
import postgres_server
from unpacked import UNPRIVILEGED, find_postgresql


class SharedStoreTest(support.ProgramTestCase):
    def setUp(self):
        super().setUp()
        programs = find_postgresql()
        if not programs:
            self.skipTest("needs PostgreSQL, which scripts/setup --test unpacks")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.database = postgres_server.Database(programs, self.folder)
        self.url = self.database.url

    def start_server(self, *wrapper):
        server = self.start(*wrapper, *self.database.server_command("fsync=off"))
        self.addCleanup(postgres_server.end_server, server)
        ready = server.log.wait_for("ready to accept connections")
        if wrapper and not ready:
            self.skipTest("needs root, to mount a small disk")
        self.assertTrue(ready, server.log.text())
        return server

    def dispatcher(self, *arguments, worker=None):
        return self.start_dispatcher("--store", self.url, *arguments, workers=[worker] if worker else [])

    def submit(self, dispatcher):
        answer = support.request(dispatcher.port, "/api/v1/jobs", "POST", b"any", {"Content-Type": "image/jpeg"})
        self.assertEqual(answer.status, 202, answer.text)
        return json.loads(answer.body)["jobs"][0]["id"]

    @staticmethod
    def state(dispatcher, job):
        return json.loads(support.request(dispatcher.port, f"/api/v1/jobs/{job}").body)["state"]

    def test_a_visitor_and_a_job_meet_another_dispatcher_at_every_request(self):
        self.start_server()
        worker = self.start_null_worker()
        idle = self.dispatcher()
        busy = self.dispatcher(worker=worker)
        uploaded = support.upload(busy.port, b"any")
        cookie = {"Cookie": uploaded.headers["Set-Cookie"].split(";")[0]}
        job = self.submit(idle)
        support.wait_until(lambda: self.state(idle, job) == "done", "the other dispatcher's worker to do the job")
        self.assertEqual(self.state(busy, job), "done")

        def results():
            return json.loads(support.request(idle.port, "/api/v1/results", headers=cookie).body)["results"]
        support.wait_until(lambda: len(results()) == 1, "the visitor's result at the other dispatcher")

    def workers(self, dispatcher):
        return json.loads(support.request(dispatcher.port, "/api/v1/workers").body)

    def await_workers(self, dispatcher, addresses):
        support.wait_until(
            lambda: [row["address"] for row in self.workers(dispatcher)["workers"]] == addresses,
            f"the list of workers to be {addresses}")

    def test_all_dispatchers_have_the_same_list_of_workers(self):
        server = self.start_server()
        address = self.start_null_worker().address
        alpha = self.dispatcher("--instance-name", "alpha")
        beta = self.dispatcher("--instance-name", "beta")
        self.assertEqual(support.request(alpha.port, f"/add/{address}", "POST").status, 200)
        self.await_workers(beta, [address])
        self.assertEqual(support.upload(beta.port, b"any").status, 200)
        self.assertEqual(self.workers(beta)["dispatcher"], "beta")
        self.assertIn("As dispatcher <bdi>alpha</bdi> sees them", support.request(alpha.port, "/").text)
        self.assertEqual(support.request(beta.port, f"/api/v1/workers/{address}", "DELETE").status, 200)
        self.await_workers(alpha, [])
        # Without the store each goes on with its own list; what was said meanwhile follows.
        postgres_server.end_server(server)
        self.assertEqual(support.request(beta.port, f"/add/{address}", "POST").status, 200)
        self.await_workers(beta, [address])
        self.start_server()
        self.await_workers(alpha, [address])
        # A dispatcher that starts later has the list, too, before its first request.
        self.assertEqual(support.upload(self.dispatcher().port, b"any").status, 200)

    def test_the_jobs_of_a_killed_dispatcher_are_done_by_its_successor(self):
        self.start_server()
        dispatcher = self.dispatcher("--instance-name", "alpha")
        jobs = [self.submit(dispatcher) for _ in range(3)]
        dispatcher.kill()
        dispatcher = self.dispatcher("--instance-name", "alpha", worker=self.start_null_worker())
        for job in jobs:
            support.wait_until(lambda job=job: self.state(dispatcher, job) == "done", "the job to be done")

    def test_a_running_job_of_a_killed_dispatcher_is_done_by_another_one(self):
        self.start_server()
        stuck = self.start_null_worker()
        first = self.dispatcher(worker=stuck)
        self.assertEqual(support.upload(first.port, b"any").status, 200)
        stuck.send(signal.SIGSTOP)
        job = self.submit(first)
        support.wait_until(lambda: self.state(first, job) == "running", "the job to run")
        second = self.dispatcher(worker=self.start_null_worker())
        first.kill()
        # The lease lasts for 30 s.
        support.wait_until(lambda: self.state(second, job) == "done", "another dispatcher to do the job", timeout_s=120)

    def test_without_the_store_recognition_goes_on_and_results_follow(self):
        dispatcher = self.dispatcher(worker=self.start_null_worker())
        self.assertTrue(dispatcher.log.wait_for("the history and the jobs are unavailable"))
        notice = "results and jobs are unavailable"
        self.assertIn(notice, support.request(dispatcher.port, "/readyz").text)
        refused = support.request(dispatcher.port, "/api/v1/jobs", "POST", b"any", {"Content-Type": "image/jpeg"})
        self.assertEqual((refused.status, refused.headers["Samoyed-Reason"]), (503, "storage"))
        self.assertEqual(support.upload(dispatcher.port, b"any").status, 200)
        server = self.start_server()
        support.wait_until(lambda: notice not in support.request(dispatcher.port, "/readyz").text, "/readyz")
        self.assertIn("Set-Cookie", support.upload(dispatcher.port, b"any").headers)
        postgres_server.end_server(server)
        support.wait_until(lambda: notice in support.request(dispatcher.port, "/readyz").text, "/readyz")
        self.assertEqual(support.upload(dispatcher.port, b"any").status, 200)

    def run_sql(self, *statements):
        """Runs each statement in a transaction of its own."""
        with self.database.open_session() as session:
            for statement in statements:
                session.run(statement)

    def test_a_full_disk_of_the_server_refuses_jobs_until_there_is_room(self):
        small = self.folder / "small"
        small.mkdir()
        server = self.start_server(
            "unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=24m,uid="$0" tmpfs "$1" && shift && exec "$@"',
            UNPRIVILEGED, small)
        # Only the database is on the small disk: without room for its log, the server would end.
        disk = pathlib.Path(f"/proc/{server.pid}/root{small}")
        ballast = disk / "ballast"
        self.run_sql(f"CREATE TABLESPACE small LOCATION '{small}'", "CREATE DATABASE small TABLESPACE small")
        self.url = self.url.replace("/postgres?", "/small?")
        worker = self.start_null_worker()
        dispatcher = self.dispatcher()
        job = self.submit(dispatcher)
        with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as other:
            while True:
                other.write(bytes(4096))

        def submit_large():
            return support.request(dispatcher.port, "/api/v1/jobs", "POST", bytes(1 << 20), {"Content-Type": "image/jpeg"})
        refused = submit_large()
        self.assertEqual((refused.status, refused.headers["Samoyed-Reason"]), (503, "storage"))
        self.assertTrue(dispatcher.log.wait_for("No space left on device"))
        support.request(dispatcher.port, f"/add/{worker.address}")
        self.assertEqual(support.upload(dispatcher.port, b"any").status, 200)
        ballast.unlink()
        support.wait_until(lambda: self.state(dispatcher, job) == "done", "the job to be done")
        self.assertEqual(submit_large().status, 202)

    def test_dashboard_and_alerts_use_the_metrics_that_there_are(self):
        self.start_server()
        dispatcher = self.dispatcher()
        snapshot = "samoyed_store_oldest_snapshot_seconds"

        def metrics():
            return support.request(dispatcher.port, "/metrics").text
        support.wait_until(lambda: snapshot in metrics(), "the dispatcher to look for old snapshots")
        text = metrics()
        there = set(re.findall(r"^(samoyed_(?:store|jobs)\w*?)(?:_sum|_count)?(?:\{| )", text, re.MULTILINE))
        dashboard = (support.SOURCE_DIR / "scripts/grafana/samoyed.json").read_text()
        alerts = (support.SOURCE_DIR / "packaging/prometheus/samoyed.rules.yml").read_text()
        self.assertEqual(set(re.findall(r"samoyed_(?:store|jobs)\w*", dashboard)) ^ there, {"samoyed_store_call_seconds"})
        self.assertLessEqual(set(re.findall(r"samoyed_(?:store|jobs)\w*", alerts)), there)
        if support.promtool():
            checked = subprocess.run([support.promtool(), "check", "metrics"], input=text, check=False,
                                     capture_output=True, text=True)
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_a_password_on_the_command_line_is_refused(self):
        refused = self.start(support.bin_dir() / "samoyed-dispatcher", "--port", "0", "--store",
                             "postgresql://me:secret@localhost/db")
        self.assertNotEqual(refused.wait(), 0)
        self.assertIn("PGPASSFILE", refused.log.text())
        self.assertNotIn("secret", refused.log.text())


if __name__ == "__main__":
    support.main()
