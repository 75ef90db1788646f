"""Tests --data-dir: what a dispatcher keeps there, and when it refuses to start."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import signal
import sqlite3
import tempfile
import threading
import unittest

import support

UPLOADS = 200


class StorageTest(support.ProgramTestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "data"

    def dispatcher(self, *arguments):
        return self.start(support.bin_dir() / "samoyed-dispatcher", "--port", "0", "--data-dir",
                          self.folder, *arguments)

    @staticmethod
    def visitor(dispatcher):
        """Uploads an image, and returns the header field with the cookie from the response."""
        response = support.upload(dispatcher.port, b"any")
        return {"Cookie": response.headers["Set-Cookie"].split(";")[0]}

    def test_the_folder_is_private_to_its_owner_and_reused(self):
        for _ in range(2):
            dispatcher = self.dispatcher().wait_until_ready()
            self.assertEqual(support.request(dispatcher.port, "/healthz").status, 200)
            dispatcher.stop()
        self.assertEqual(self.folder.stat().st_mode & 0o077, 0)
        self.assertEqual((self.folder / "spool").stat().st_mode & 0o077, 0)
        with sqlite3.connect(self.folder / "history.sqlite") as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])

    def test_a_folder_that_others_may_read_is_closed(self):
        self.folder.mkdir(mode=0o755)
        old_mask = os.umask(0)
        self.addCleanup(os.umask, old_mask)
        dispatcher = self.dispatcher("--state", self.folder / "workers").wait_until_ready()
        self.assertTrue(dispatcher.log.wait_for("was open to other users"))
        support.request(dispatcher.port, "/add/127.0.0.1:1")
        dispatcher.stop()
        for path in (self.folder, *self.folder.iterdir()):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def assert_refused(self, reason):
        refused = self.dispatcher()
        self.assertNotEqual(refused.wait(), 0)
        self.assertIn(reason, refused.log.text())

    def test_two_dispatchers_cannot_share_a_folder(self):
        self.dispatcher().wait_until_ready()
        self.assert_refused("another samoyed-dispatcher uses")

    def classify(self, dispatcher):
        response = support.request(dispatcher.port, "/api/v1/classify", "POST", b"any bytes",
                                   {"Content-Type": "image/jpeg"})
        self.assertEqual(response.status, 200, response.text)

    def assert_storage(self, dispatcher, available):
        """Waits until the dispatcher says everywhere that its storage is available, or that it isn't."""
        notice = "results and jobs are unavailable"
        support.wait_until(
            lambda: (notice in support.request(dispatcher.port, "/readyz").text) != available, "/readyz")
        self.assertEqual(notice in support.request(dispatcher.port, "/").text.lower(), not available)
        self.assertIn(f"\nsamoyed_storage_available {int(available)}\n",
                      support.request(dispatcher.port, "/metrics").text)
        job = support.request(dispatcher.port, "/api/v1/jobs", "POST", b"any", {"Content-Type": "image/jpeg"})
        results = support.request(dispatcher.port, "/api/v1/results")
        statuses = (job.status, results.status)
        self.assertEqual(statuses, (202, 200) if available else (503, 503))
        if not available:
            self.assertEqual(job.headers["Samoyed-Reason"], "storage")
            self.assertEqual(results.headers["Samoyed-Reason"], "storage")
        self.classify(dispatcher)

    def test_a_damaged_history_stops_no_recognition(self):
        worker = self.start_null_worker()
        self.folder.mkdir()
        history = self.folder / "history.sqlite"
        history.write_bytes(b"x" * 10000)
        dispatcher = self.dispatcher("--worker", worker.address).wait_until_ready()
        self.assert_storage(dispatcher, available=False)
        self.assertTrue(dispatcher.log.wait_for("move it away or choose another --data-dir"))
        history.unlink()
        self.assert_storage(dispatcher, available=True)
        # What was recognized meanwhile is there too.
        support.wait_until(lambda: self.count_rows() >= 2, "the rows to be written")
        dispatcher.stop()

    def test_a_history_that_was_moved_away_comes_back(self):
        worker = self.start_null_worker()
        dispatcher = self.dispatcher("--worker", worker.address).wait_until_ready()
        self.assert_storage(dispatcher, available=True)
        history = self.folder / "history.sqlite"
        history.rename(self.folder / "aside")
        self.assert_storage(dispatcher, available=False)
        self.assertFalse(history.exists())
        (self.folder / "aside").rename(history)
        self.assert_storage(dispatcher, available=True)
        dispatcher.stop()

    def test_visitors_get_cookies_as_soon_as_there_is_a_key(self):
        worker = self.start_null_worker()
        self.folder.mkdir()
        key = self.folder / "visitor-key"
        key.touch()
        dispatcher = self.dispatcher("--worker", worker.address).wait_until_ready()
        self.assertTrue(dispatcher.log.wait_for("no results are kept for visitors"))
        self.assertIn("results and jobs are unavailable", support.request(dispatcher.port, "/readyz").text)
        response = support.upload(dispatcher.port, b"any")
        self.assertEqual(response.status, 200)
        self.assertIsNone(response.headers["Set-Cookie"])
        job = support.request(dispatcher.port, "/api/v1/jobs", "POST", b"any", {"Content-Type": "image/jpeg"})
        self.assertEqual((job.status, job.headers["Samoyed-Reason"]), (503, "storage"))
        key.unlink()
        support.wait_until(
            lambda: "unavailable" not in support.request(dispatcher.port, "/readyz").text, "/readyz")
        self.visitor(dispatcher)
        self.assertTrue(key.read_text())
        dispatcher.stop()
        with sqlite3.connect(self.folder / "history.sqlite") as database:
            rows = database.execute("SELECT visitor FROM recognition").fetchall()
        self.assertEqual(len(rows), 1)
        self.assertTrue(rows[0][0])

    def count_rows(self):
        with sqlite3.connect(self.folder / "history.sqlite") as database:
            return database.execute("SELECT count(*) FROM recognition").fetchone()[0]

    def test_a_full_disk_lets_jobs_finish(self):
        self.folder.mkdir()
        size = 40 << 20
        dispatcher = self.start(
            "unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size="$0" tmpfs "$1" && shift && exec "$@"', size,
            self.folder, support.bin_dir() / "samoyed-dispatcher", "--port", "0", "--data-dir", self.folder)
        if not dispatcher.log.wait_for("listening on"):
            self.skipTest("needs root, to mount a small disk")
        dispatcher.wait_until_ready()
        jobs = []
        while True:
            image = bytes([len(jobs)]) * (1 << 20)
            response = support.request(dispatcher.port, "/api/v1/jobs", "POST", image, {"Content-Type": "image/jpeg"})
            if response.status == 503:
                break
            jobs += [job["id"] for job in json.loads(response.body)["jobs"]]
        self.assertEqual(response.headers["Samoyed-Reason"], "storage")
        self.assertGreater(len(jobs), 10)
        # Another program takes the rest.
        disk = pathlib.Path(f"/proc/{dispatcher.pid}/root{self.folder}")
        with contextlib.suppress(OSError), open(disk / "other", "wb", buffering=0) as other:
            while True:
                other.write(bytes(4096))
        worker = self.start_null_worker()
        support.request(dispatcher.port, f"/add/{worker.address}")

        def state(job):
            return json.loads(support.request(dispatcher.port, f"/api/v1/jobs/{job}").body)["state"]

        support.wait_until(lambda: {state(job) for job in jobs} == {"done"}, "the jobs to be done")
        dispatcher.stop()

    def test_a_job_in_the_spool_is_recognized_when_a_worker_comes(self):
        self.dispatcher().wait_until_ready().stop()
        job = "0123456789abcdef0123456789abcdef"
        image = support.sample("chelsea.png")
        (self.folder / "spool" / job).write_bytes(image)
        with sqlite3.connect(self.folder / "history.sqlite") as database:
            database.execute(
                "INSERT INTO job (id, state, submitted_ms, changed_ms, due_ms, visitor, client, request_id,"
                " file_name, image_bytes, model, attempts, reason, detail)"
                " VALUES (?, 1, 0, 0, 0, 'me', '::1', 'r', 'chelsea.png', ?, '', 0, '', '')",
                (job, len(image)))
        database.close()
        dispatcher = self.dispatcher().wait_until_ready()
        worker = self.start_worker()
        support.request(dispatcher.port, f"/add/{worker.address}")
        support.wait_until(lambda: self.state_of(job) == 2, "the job to be done")
        dispatcher.stop()
        with sqlite3.connect(self.folder / "history.sqlite") as database:
            rows = database.execute("SELECT file_name, visitor, image_bytes, source FROM recognition")
            self.assertEqual(rows.fetchall(), [("chelsea.png", "me", len(image), 2)])
        self.assertFalse((self.folder / "spool" / job).exists())

    def test_a_history_that_cannot_be_written_delays_nobody(self):
        """Another process keeps the file locked, as a backup may."""
        worker = self.start_null_worker()
        dispatcher = self.dispatcher("--worker", worker.address).wait_until_ready()
        visitor = self.visitor(dispatcher)
        lock = sqlite3.connect(self.folder / "history.sqlite", isolation_level=None)
        self.addCleanup(lock.close)
        lock.execute("BEGIN IMMEDIATE")
        for _ in range(50):
            answer = support.request(dispatcher.port, "/api/v1/classify", "POST", b"any bytes",
                                     {"Content-Type": "image/jpeg", **visitor})
            self.assertEqual(answer.status, 200, answer.text)
        removed = support.request(dispatcher.port, "/api/v1/results", "DELETE", headers=visitor)
        self.assertEqual((removed.status, removed.headers["Samoyed-Reason"]), (503, "storage"))
        dispatcher.send(signal.SIGTERM)
        self.assertEqual(dispatcher.wait(), 0, dispatcher.report())

    def test_two_hundred_concurrent_uploads_get_one_row_each(self):
        dispatcher = self.dispatcher().wait_until_ready()
        for _ in range(2):
            support.request(dispatcher.port, f"/add/{self.start_null_worker().address}")
        visitor = self.visitor(dispatcher)
        sent = ["image.png"] + [f"image-{number}.jpg" for number in range(UPLOADS)]
        ready = threading.Barrier(UPLOADS)

        def upload(name):
            ready.wait()
            return support.upload(dispatcher.port, b"any", name, visitor).status

        with concurrent.futures.ThreadPoolExecutor(UPLOADS) as clients:
            statuses = list(clients.map(upload, sent[1:]))
        self.assertEqual(statuses, [200] * UPLOADS)

        def kept():
            text = support.request(dispatcher.port, "/api/v1/results.json", headers=visitor).body
            return [row["file_name"] for row in json.loads(text)["results"]]

        support.wait_until(lambda: len(kept()) >= len(sent), "the rows to be written")
        self.assertEqual(sorted(kept()), sorted(sent))
        self.assertEqual(sorted(self.listed(dispatcher, visitor)), sorted(sent))
        dispatcher.stop()
        with sqlite3.connect(self.folder / "history.sqlite") as database:
            rows = database.execute("SELECT file_name FROM recognition").fetchall()
        self.assertEqual(sorted(name for name, in rows), sorted(sent))

    @staticmethod
    def listed(dispatcher, visitor):
        """Returns the file names on all pages of results, by following the links from one page to the next."""
        names = []
        path = "/results"
        while path:
            page = support.request(dispatcher.port, path, headers=visitor).text
            names += re.findall(r'class="entry-file"><bdi>([^<]*)</bdi>', page)
            older = re.search(r'href="([^"]*)">Older<', page)
            path = older and older.group(1)
        return names

    def state_of(self, job):
        database = sqlite3.connect(self.folder / "history.sqlite")
        try:
            return database.execute("SELECT state FROM job WHERE id = ?", (job,)).fetchone()[0]
        finally:
            database.close()


if __name__ == "__main__":
    support.main()
