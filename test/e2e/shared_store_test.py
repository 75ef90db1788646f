"""Tests --store: dispatchers that share a database of PostgreSQL, and how they go on without it."""

import json
import pathlib
import signal
import tempfile

import support
import postgres_server


class SharedStoreTest(support.ProgramTestCase):
    def setUp(self):
        super().setUp()
        programs = postgres_server.find_programs()
        if not programs:
            self.skipTest("needs PostgreSQL, which scripts/setup --test unpacks")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.database = postgres_server.Database(programs, pathlib.Path(folder.name))
        self.url = self.database.url

    def start_server(self):
        server = self.start(*self.database.server_command("fsync=off"))
        self.addCleanup(postgres_server.end_server, server)
        self.assertTrue(server.log.wait_for("ready to accept connections"))
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

    def test_a_password_on_the_command_line_is_refused(self):
        refused = self.start(support.bin_dir() / "samoyed-dispatcher", "--port", "0", "--store",
                             "postgresql://me:secret@localhost/db")
        self.assertNotEqual(refused.wait(), 0)
        self.assertIn("PGPASSFILE", refused.log.text())
        self.assertNotIn("secret", refused.log.text())


if __name__ == "__main__":
    support.main()
