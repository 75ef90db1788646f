"""Tests the API, the log and the metrics of the real programs, as scripts and dashboards use them."""

import http.client
import json
import pathlib
import signal
import subprocess
import tempfile
import unittest

import support

TOKEN = "correct horse battery staple"


def call(dispatcher, path, method="GET", body=None, **headers):
    """Sends a request and returns the response and its JSON. In field names, write _ for -."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    response = support.request(dispatcher.port, path, method, body, fields)
    return response, json.loads(response.body)


class ClassifyTest(support.ProgramTestCase):
    def test_an_image_is_recognized_with_all_its_facts(self):
        worker = self.start_worker()
        dispatcher = self.start_dispatcher(workers=[worker])
        image = support.sample("chelsea.png")
        response, answer = call(dispatcher, "/api/v1/classify?top=3", "POST", image,
                                Content_Type="image/png", X_Request_Id="test-1")
        self.assertEqual(response.status, 200, response.text)
        self.assertEqual(response.headers["X-Request-Id"], "test-1")
        self.assertEqual(answer["request_id"], "test-1")
        self.assertEqual(len(answer["labels"]), 3)
        self.assertEqual(answer["worker"], worker.address)
        self.assertGreater(answer["times_ms"]["total"], 0)
        body, content_type = support.multipart(image)
        again = call(dispatcher, "/api/v1/classify?top=3", "POST", body,
                     Content_Type=content_type)[1]
        self.assertEqual(again["labels"], answer["labels"])
        model = answer["model"]["name"]
        for name, status in ((model, 200), ("no such model", 404)):
            asked = support.request(dispatcher.port,
                                    "/api/v1/classify?model=" + name.replace(" ", "%20"), "POST",
                                    image, {"Content-Type": "image/png"})
            self.assertEqual(asked.status, status, asked.text)

    def test_errors_are_problem_json(self):
        dispatcher = self.start_dispatcher()
        response, problem = call(dispatcher, "/api/v1/classify", "POST", b"any",
                                 Content_Type="application/octet-stream")
        self.assertEqual(response.status, 503)
        self.assertEqual(response.headers["Content-Type"], "application/problem+json")
        self.assertEqual(problem["reason"], "no_active_worker")
        self.assertEqual(problem["request_id"], response.headers["X-Request-Id"])


class NetworksTest(support.ProgramTestCase):
    @support.needs_decoding
    def test_a_worker_names_all_labels_of_its_network(self):
        dispatcher = self.start_dispatcher(workers=[self.start_worker()])
        support.wait_until(lambda: call(dispatcher, "/api/v1/models")[1]["models"], "the worker's hello")
        [model] = call(dispatcher, "/api/v1/models")[1]["models"]
        self.assertTrue(model["default"])
        response, answer = call(dispatcher, model["labels_href"])
        self.assertEqual(response.status, 200, response.text)
        self.assertTrue(answer["complete"])
        self.assertEqual([label["class"] for label in answer["labels"]], list(range(model["label_count"])))
        self.assertIn({"label": "Samoyed", "class": 258}, answer["labels"])

    def test_the_default_network_answers_unless_another_is_requested(self):
        workers = [self.start_null_worker(), self.start_worker()]
        dispatcher = self.start_dispatcher("--default-model", "null", workers=workers)
        for _ in range(4):
            answer = call(dispatcher, "/api/v1/classify", "POST", support.sample("chelsea.png"),
                          Content_Type="image/png")[1]
            self.assertEqual(answer["network"]["name"], "null")


class WorkersTest(support.ProgramTestCase):
    def test_only_token_holders_manage_workers(self):
        with tempfile.TemporaryDirectory() as folder:
            token_file = pathlib.Path(folder) / "token"
            token_file.write_text(TOKEN + "\n", encoding="utf-8")
            token_file.chmod(0o600)
            dispatcher = self.start_dispatcher("--admin-token-file", token_file)
        worker = self.start_null_worker()
        body = json.dumps({"address": worker.address})
        self.assertEqual(call(dispatcher, "/api/v1/workers", "POST", body)[0].status, 401)
        self.assertEqual(call(dispatcher, "/metrics")[0].status, 401)
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        self.assertEqual(call(dispatcher, "/api/v1/workers", "POST", body, **bearer)[0].status, 200)
        listed = call(dispatcher, "/api/v1/workers", **bearer)[1]["workers"]
        self.assertEqual([row["address"] for row in listed], [worker.address])
        deleted = call(dispatcher, f"/api/v1/workers/{worker.address}", "DELETE", **bearer)[1]
        self.assertTrue(deleted["deleted"])


def events(dispatcher, path, until):
    """Returns the data of server-sent events, up to the one that `until` accepts or to the stream's end."""
    connection = http.client.HTTPConnection("127.0.0.1", dispatcher.port,
                                            timeout=support.HTTP_TIMEOUT_S)
    seen = []
    try:
        connection.request("GET", path)
        stream = connection.getresponse()
        while line := stream.readline():
            if line.startswith(b"data: "):
                seen.append(json.loads(line[len(b"data: "):]))
                if until(seen[-1]):
                    break
    finally:
        connection.close()
    return seen


class EventsTest(support.ProgramTestCase):
    def test_events_follow_the_workers(self):
        worker = self.start_null_worker()
        dispatcher = self.start_dispatcher(workers=[worker])

        def is_answered(table):
            row, = table["workers"]
            if row.get("done") == 0:
                support.upload(dispatcher.port, b"any")
            return row.get("done", 0) > 0

        last = events(dispatcher, "/api/v1/workers/events", is_answered)[-1]["workers"][0]
        self.assertEqual((last["address"], last["state"]), (worker.address, "in_rotation"))

    def test_a_stream_ends_with_the_dispatcher(self):
        dispatcher = self.start_dispatcher("--worker", "localhost:1")
        seen = events(dispatcher, "/api/v1/workers/events",
                      lambda _: dispatcher.send(signal.SIGTERM))
        self.assertGreaterEqual(len(seen), 1)
        self.assertEqual(dispatcher.wait(), 0)


class StorageTest(support.ProgramTestCase):
    def start_keeping(self, *arguments, workers=()):
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        return self.start_dispatcher("--data-dir", folder.name, *arguments, workers=workers)

    def test_visitors_find_only_their_own_results(self):
        dispatcher = self.start_keeping(workers=[self.start_worker()])
        sent = support.upload(dispatcher.port, support.sample("chelsea.png"), "=cat.png")
        cookie = sent.headers["Set-Cookie"].split(";")[0]

        def mine(path="", **options):
            return support.request(dispatcher.port, "/api/v1/results" + path,
                                   headers={"Cookie": cookie}, **options)

        def rows():
            return json.loads(mine().body)["results"]

        support.wait_until(rows, "the result to be recorded")
        row, = rows()
        self.assertEqual(row["file_name"], "=cat.png")
        self.assertEqual(row["source"], "page")
        self.assertEqual(row["request_id"], sent.headers["X-Request-Id"])
        self.assertGreater(row["times_ms"]["total"], 0)
        exported = mine(".csv").text
        self.assertIn("'=cat.png", exported)
        self.assertEqual(exported.count("\r\n"), 2)
        others = support.request(dispatcher.port, "/api/v1/results")
        self.assertEqual(json.loads(others.body)["results"], [])
        self.assertEqual(json.loads(mine(method="DELETE").body), {"removed": 1})
        self.assertEqual(rows(), [])

    def test_jobs_wait_for_a_worker_and_report_their_end(self):
        dispatcher = self.start_keeping()
        response, accepted = call(dispatcher, "/api/v1/jobs", "POST",
                                  support.sample("chelsea.png"), Content_Type="image/png")
        self.assertEqual(response.status, 202, response.text)
        job, = accepted["jobs"]
        self.assertEqual(call(dispatcher, job["href"])[1]["state"], "waiting")
        worker = self.start_worker()
        support.request(dispatcher.port, f"/add/{worker.address}")
        states = events(dispatcher, job["events"], lambda state: False)
        self.assertEqual(states[-1]["state"], "done", states)
        self.assertEqual(states[-1]["result"]["worker"], worker.address)
        self.assertEqual(call(dispatcher, "/api/v1/jobs/nonsense")[0].status, 404)

    def test_a_full_spool_is_reported(self):
        dispatcher = self.start_keeping("--spool-images-max", 1)
        first, second = (call(dispatcher, "/api/v1/jobs", "POST", b"any",
                              Content_Type="application/octet-stream") for _ in range(2))
        self.assertEqual(first[0].status, 202)
        self.assertEqual((second[0].status, second[1]["reason"]), (503, "spool_full"))
        cancelled = call(dispatcher, first[1]["jobs"][0]["href"], "DELETE")
        self.assertEqual(cancelled[0].status, 200)

    def test_one_client_cannot_fill_the_spool(self):
        dispatcher = self.start_keeping("--spool-images-max", 8, "--trusted-proxy", "127.0.0.1")

        def submit(client):
            return call(dispatcher, "/api/v1/jobs", "POST", b"any", Content_Type="application/octet-stream",
                        X_Forwarded_For=client)

        own = [submit("2001:db8::1") for _ in range(4)]
        self.assertEqual([response.status for response, _ in own], [202] * 4)
        response, refused = submit("2001:db8::2")  # In the same network.
        self.assertEqual((response.status, refused.get("reason")), (429, "client_limit"))
        self.assertTrue(response.headers["Retry-After"])
        self.assertEqual(submit("192.0.2.1")[0].status, 202)
        cancelled = call(dispatcher, own[0][1]["jobs"][0]["href"], "DELETE")
        self.assertEqual(cancelled[0].status, 200)
        self.assertEqual(submit("2001:db8::2")[0].status, 202)


class LogTest(support.ProgramTestCase):
    def test_every_line_of_a_request_has_its_id(self):
        worker = self.start_null_worker("--log-format", "json")
        dispatcher = self.start_dispatcher("--log-format", "json", workers=[worker])
        worker.send(signal.SIGKILL)
        worker.wait()
        support.upload(dispatcher.port, b"any", headers={"X-Request-Id": "lost-1"})
        dispatcher.stop()
        lines = [json.loads(line) for line in dispatcher.log.text().splitlines()]
        self.assertIn(worker.address, worker.log.text())
        for line in lines:
            self.assertLessEqual({"time", "level", "logger", "message"}, line.keys())
        answered = [line for line in lines if line.get("request") == "POST /"]
        self.assertEqual([(line["request_id"], line["status"]) for line in answered],
                         [("lost-1", 503)])
        removed = [line for line in lines if line["message"].startswith("removed worker")]
        self.assertEqual(len(removed), 1)
        # The line has the request's id, unless the idle connection ended before the request.
        self.assertIn(removed[0].get("request_id"), (None, "lost-1"))

    def test_text_lines_end_with_the_request_id(self):
        dispatcher = self.start_dispatcher()
        support.request(dispatcher.port, "/nowhere", headers={"X-Request-Id": "text-1"})
        dispatcher.stop()
        self.assertRegex(dispatcher.log.text(), r"GET /nowhere -> 404, .* ms request_id=text-1\n")


class MetricsTest(support.ProgramTestCase):
    def test_requests_are_counted(self):
        worker = self.start_worker()
        dispatcher = self.start_dispatcher(workers=[worker])
        support.upload(dispatcher.port, support.sample("chelsea.png"))
        support.upload(dispatcher.port, b"no image")
        text = support.request(dispatcher.port, "/metrics").text
        # A worker without a network accepts any bytes.
        recognized = 2 if support.model_is_null() else 1
        self.assertIn(f'samoyed_requests_total{{outcome="ok"}} {recognized}\n', text)
        self.assertIn(f'samoyed_phase_seconds_count{{phase="forward"}} {recognized}\n', text)
        self.assertIn('samoyed_workers{state="in_rotation"} 1\n', text)
        self.assertIn("samoyed_worker_tries_total 2\n", text)
        if not support.model_is_null():
            self.assertIn('samoyed_requests_total{outcome="unreadable"} 1\n', text)

    @unittest.skipUnless(support.promtool(), "promtool is missing (scripts/fetch-promtool)")
    def test_promtool_accepts_the_metrics(self):
        dispatcher = self.start_dispatcher(workers=["localhost:1"])
        support.upload(dispatcher.port, b"any")
        text = support.request(dispatcher.port, "/metrics").body
        checked = subprocess.run([support.promtool(), "check", "metrics"], input=text, check=False,
                                 capture_output=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b""))


if __name__ == "__main__":
    support.main()
