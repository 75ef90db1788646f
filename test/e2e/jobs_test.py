"""Submits jobs through the API while the dispatcher is repeatedly killed: no job is lost or recorded twice."""

import collections
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import signal
import sqlite3
import tempfile
import threading
import time
import unittest

import support

KILLS = 8
SEED = int(os.environ.get("SAMOYED_SEED", random.randrange(2**32)))
TIMEOUT_S = 120


class JobsTest(support.ProgramTestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "data"
        self.image = support.sample("chelsea.png")
        self.workers = [self.start_worker().address for _ in range(2)]
        self.port = 0

    def start_again(self):
        """Starts the dispatcher again on its previous port."""
        options = [word for worker in self.workers for word in ("--worker", worker)]
        dispatcher = self.start(support.bin_dir() / "samoyed-dispatcher", "--port", self.port, "--data-dir",
                                self.folder, *options).wait_until_ready()
        self.port = dispatcher.port
        return dispatcher

    def submit(self, names):
        """Submits jobs and returns the acknowledged ids: none if the dispatcher died before it acknowledged them."""
        body, content_type = support.multipart_of([(self.image, name) for name in names])
        try:
            answer = support.request(self.port, "/api/v1/jobs", "POST", body, {"Content-Type": content_type})
        except (OSError, http.client.HTTPException):
            return []
        self.assertEqual(answer.status, 202, answer.text)
        return [job["id"] for job in json.loads(answer.body)["jobs"]]

    def state(self, job):
        return json.loads(support.request(self.port, f"/api/v1/jobs/{job}").body)

    def test_kill_9_at_any_moment_loses_no_job_and_records_none_twice(self):
        print(f"SAMOYED_SEED={SEED}", flush=True)
        chance = random.Random(SEED)
        dispatcher = self.start_again()
        names = {}
        ended = threading.Event()

        def submit_all():
            number = 0
            while not ended.is_set():
                batch = [f"{number}-{part}.png" for part in range(3)]
                number += 1
                acknowledged = self.submit(batch)
                names.update(zip(acknowledged, batch))
                # Submits no more jobs than the workers can recognize in the meantime.
                time.sleep(0.1 if acknowledged else 0.02)

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            client = pool.submit(submit_all)
            try:
                for _ in range(KILLS):
                    time.sleep(chance.uniform(0.05, 0.8))
                    dispatcher.send(signal.SIGKILL)
                    dispatcher.wait()
                    dispatcher = self.start_again()
            finally:
                ended.set()
            client.result()

        self.assertGreater(len(names), KILLS)
        for job, name in names.items():
            support.wait_until(lambda job=job: self.state(job)["state"] == "done", f"job {job}", TIMEOUT_S)
            state = self.state(job)
            self.assertEqual(state["file_name"], name)
            if support.model_is_trained():
                self.assertEqual(state["result"]["labels"][0]["label"], "Egyptian cat")
        # Jobs whose acknowledgment never arrived may have been accepted too, so wait for the whole spool.
        spool = self.folder / "spool"
        support.wait_until(lambda: not any(spool.iterdir()), "the spool to be empty", TIMEOUT_S)
        dispatcher.stop()
        with sqlite3.connect(self.folder / "history.sqlite") as database:
            rows = collections.Counter(
                name for name, in database.execute("SELECT file_name FROM recognition"))
        self.assertEqual(set(rows.values()), {1}, "a job was recorded twice")
        self.assertLessEqual(set(names.values()), set(rows))
        print(f"{len(names)} jobs acknowledged, {len(rows)} recorded, {KILLS} kills", flush=True)


if __name__ == "__main__":
    support.main()
