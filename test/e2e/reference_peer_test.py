"""Tests our programs with a strict peer that behaves like the older system. The peer is in ../shared."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import unittest

import support

SHARED = support.require_shared()
PEER = SHARED / "reference" / "peer.py"
IMAGE_FILE = SHARED / "images" / "dog.jpg"
# The labels that peer.py's server answers by default.
SERVED = ["Samoyed", "Great Pyrenees", "Arctic fox", "keeshond", "Eskimo dog"]


# (image_file, times, damage): a thousand exchanges, and some with each kind of damage. Most use the small image,
# because decoding the large one would take most of the time. Some use an image that is larger than a socket's buffers.
CLIENT_RUNS = [
    ("beaver.jpg", 1000, ""),
    ("beaver.jpg", 300, "--corrupt size"),
    ("beaver.jpg", 300, "--corrupt image"),
    ("dog.jpg", 100, ""),
    ("dog.jpg", 100, "--corrupt image"),
]
LATE_TIMES = 50
if support.is_sanitized():
    # With sanitizers, the checks of each byte take most of an exchange's time.
    CLIENT_RUNS = [(image_file, times // 10, damage) for image_file, times, damage in CLIENT_RUNS]

GOLDENS = {golden["file"]: golden["top5"]
           for golden in json.loads((SHARED / "golden" / "top5.json").read_text())}


class ReferenceClientTest(support.ProgramTestCase):
    """The strict client's exchanges with one of our workers. All runs are concurrent."""

    def start_client(self, worker, image_file, times, *options):
        return self.start("/usr/bin/python3", PEER, "client", "127.0.0.1", worker.port,
                          SHARED / "images" / image_file, "--times", times, *options)

    def check_answers(self, client, image_file, times):
        self.assertEqual(client.wait(550), 0, client.stdout.text())
        answers = [json.loads(line) for line in client.stdout.lines()]
        self.assertEqual(len(answers), times)
        golden = GOLDENS[image_file]
        for answer in answers:
            self.assertEqual([label for label, _ in answer], [label for label, _ in golden])
            for (_, probability), (_, expected) in zip(answer, golden):
                self.assertLess(abs(float(probability) - expected), 1e-4)

    @unittest.skipUnless(support.model_is_trained(), "needs the trained model")
    def test_every_answer_is_right(self):
        worker = self.start_worker()
        clients = [self.start_client(worker, image_file, times, *damage.split())
                   for image_file, times, damage in CLIENT_RUNS]
        for client, (image_file, times, damage) in zip(clients, CLIENT_RUNS):
            with self.subTest(image_file=image_file, damage=damage):
                self.check_answers(client, image_file, times)

    @unittest.skipUnless(support.model_is_trained(), "needs the trained model")
    def test_a_client_that_reads_late_is_never_left_waiting(self):
        """Runs five threads in one process, as the original's demonstration does. They read what follows the image
        immediately, or late by the given number of seconds. Most late ones then read the A and the first copies of the
        result together."""
        worker = self.start_worker()
        for late in ("0", "0.05", "0.3", "2.5"):
            with self.subTest(late=late):
                client = self.start_client(worker, "beaver.jpg", LATE_TIMES, "--threads", 5, "--late", late)
                self.check_answers(client, "beaver.jpg", LATE_TIMES)
        self.assertNotIn("did not acknowledge", worker.log.text())


# For each fault of the strict server: the outcome if the server is the only worker.
# "answer": the answer is right in spite of the fault, and the worker stays in rotation.
# "no worker": the worker is removed.
# "image": the fault counts against the image, which has no other worker to go to. The worker stays in rotation.
FAULTS = {
    "": "answer",
    "--close-last": "answer",
    "--close-last --refuse image": "answer",
    "--refuse size": "answer",
    "--refuse image": "answer",
    "--bad-result-checksum once": "answer",
    "--delay 0.5": "answer",
    "--bad-result-checksum always": "no worker",
    "--nonsense size": "no worker",
    "--nonsense image": "no worker",
    "--nonsense result": "no worker",
    "--die-after size": "no worker",
    "--die-after image": "image",
    "--die-after ack": "image",
    "--die-after half-result": "image",
    "--reset-after size": "no worker",
    "--reset-after image": "no worker",
    "--reset-after ack": "no worker",
    "--reset-after half-result": "no worker",
    "--hang-after size": "no worker",
    "--hang-after image": "no worker",
    "--hang-after ack": "no worker",
}
# The timeout of the step at which a server hangs is short, so that it doesn't delay the test. All other timeouts are
# long, so that a server that only waits for the CPU isn't mistaken for one that hangs.
HANG_TIMEOUTS = {
    "--hang-after size": ("--answer-timeout-ms", "8000"),
    "--hang-after image": ("--image-timeout-ms", "4000"),
    "--hang-after ack": ("--result-timeout-ms", "4000"),
}
PATIENT = {"--connect-timeout-ms": "60000", "--answer-timeout-ms": "60000", "--image-timeout-ms": "60000",
           "--result-timeout-ms": "60000", "--request-timeout-ms": "300000"}
# How many faults are tested at a time, each with a Python server and one of our programs.
FAULTS_AT_A_TIME = 5


def timeouts_for(fault):
    """The timeout options of a dispatcher or clientsocket whose server has this fault."""
    named = HANG_TIMEOUTS.get(fault, ())
    times = {**PATIENT, **dict(zip(named[::2], named[1::2]))}
    return [word for option in times.items() for word in option]


class ReferenceServerTest(support.ProgramTestCase):
    """Each fault has its own server, so the faults are tested concurrently: most of the time is spent waiting."""

    def start_server(self, fault):
        return self.start("/usr/bin/python3", PEER, "server", "127.0.0.1", "0",
                          *fault.split()).wait_until_ready_on_stdout()

    def for_every_fault(self, play, check):
        """Calls `play(fault)` for all faults, and then `check(fault, returned)` with what it returned."""
        with concurrent.futures.ThreadPoolExecutor(FAULTS_AT_A_TIME) as pool:
            played = {fault: pool.submit(play, fault) for fault in FAULTS}
        for fault, returned in played.items():
            with self.subTest(fault=fault):
                check(fault, returned.result())

    def test_faults_of_a_lone_server_through_the_page(self):
        expected = {"answer": 200, "no worker": 503, "image": 422}

        def play(fault):
            server = self.start_server(fault)
            dispatcher = self.start_dispatcher(*timeouts_for(fault), workers=[server])
            response = support.upload(dispatcher.port, IMAGE_FILE.read_bytes(), "dog.jpg")
            dispatcher.stop()
            return response, f"removed worker {server.address}" in dispatcher.log.text()

        def check(fault, played):
            response, removed = played
            outcome = FAULTS[fault]
            self.assertEqual(response.status, expected[outcome], response.text)
            if outcome == "answer":
                self.assertEqual([row[0] for row in support.result_rows(response.text)], SERVED)
            if outcome == "no worker":
                self.assertIn("Error: No active worker!", response.text)
            self.assertEqual(removed, outcome == "no worker")

        self.for_every_fault(play, check)

    def test_faults_cost_no_answer_while_a_sound_server_lives(self):
        sound = self.start_server("")

        def play(fault):
            faulty = self.start_server(fault)
            dispatcher = self.start_dispatcher(*timeouts_for(fault), workers=[faulty, sound])
            responses = [support.upload(dispatcher.port, IMAGE_FILE.read_bytes(), "dog.jpg")
                         for _ in range(2)]
            dispatcher.stop()
            return responses

        def check(_, responses):
            for response in responses:
                self.assertEqual(response.status, 200, response.text)
                self.assertEqual([row[0] for row in support.result_rows(response.text)], SERVED)

        self.for_every_fault(play, check)

    def test_faults_of_a_lone_server_through_clientsocket(self):
        def play(fault):
            server = self.start_server(fault)
            done = subprocess.run([support.bin_dir() / "clientsocket", "--worker", server.address,
                                   *timeouts_for(fault), "--json", IMAGE_FILE],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
            return done, server.port

        def check(fault, played):
            done, port = played
            outcome = FAULTS[fault]
            answer = json.loads(done.stdout)
            if outcome == "answer":
                self.assertEqual([item["label"] for item in answer["top"]], SERVED)
            else:
                self.assertIn("No active worker" if outcome == "no worker" else "closed",
                              answer["error"])
            removed = f"Inactive worker: 127.0.0.1 {port}" in done.stderr
            self.assertEqual(removed, outcome == "no worker")
            self.assertEqual(done.returncode, 0 if outcome == "answer" else 1)

        self.for_every_fault(play, check)


class LoneServerTest(support.ProgramTestCase):
    """Servers without faults serve every image, whether they leave their last connection open or close all of them."""

    ENDINGS = ("", "--close-last")
    UPLOADS = 40

    def start_server(self, ending, port=0):
        return self.start("/usr/bin/python3", PEER, "server", "127.0.0.1", port,
                          *ending.split()).wait_until_ready_on_stdout()

    def start_patient_dispatcher(self, *workers):
        return self.start_dispatcher(*timeouts_for(""), workers=workers)

    def check_uploads(self, dispatcher, count, at_a_time, labels):
        """Checks that each upload's first label is one of `labels`, and that no worker is removed meanwhile."""
        with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
            responses = list(pool.map(
                lambda _: support.upload(dispatcher.port, IMAGE_FILE.read_bytes(), "dog.jpg"), range(count)))
        for response in responses:
            self.assertEqual(response.status, 200, response.text)
            self.assertIn(support.result_rows(response.text)[0][0], labels)
        self.assertNotIn("removed worker", dispatcher.log.text())

    def test_every_upload_is_answered(self):
        for ending in self.ENDINGS:
            with self.subTest(ending=ending):
                dispatcher = self.start_patient_dispatcher(self.start_server(ending))
                for at_a_time in (1, 16):
                    self.check_uploads(dispatcher, self.UPLOADS, at_a_time, SERVED[:1])

    def test_every_image_of_clientsocket_is_answered(self):
        for ending in self.ENDINGS:
            server = self.start_server(ending)
            for threads in (1, 16):
                with self.subTest(ending=ending, threads=threads):
                    done = subprocess.run(
                        [support.bin_dir() / "clientsocket", "--worker", server.address, *timeouts_for(""),
                         "--threads", str(threads), "--json", *[IMAGE_FILE] * self.UPLOADS],
                        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    answers = [json.loads(line) for line in done.stdout.splitlines()]
                    self.assertEqual([answer["top"][0]["label"] for answer in answers],
                                     SERVED[:1] * self.UPLOADS)
                    self.assertNotIn("Inactive worker", done.stderr)

    def test_reference_servers_and_our_workers_take_turns(self):
        label = support.result_rows(support.upload(
            self.start_patient_dispatcher(self.start_worker()).port, IMAGE_FILE.read_bytes()).text)[0][0]
        workers = [self.start_server(""), self.start_worker(), self.start_server("--close-last")]
        dispatcher = self.start_patient_dispatcher(*workers)
        for at_a_time in (1, 16):
            self.check_uploads(dispatcher, self.UPLOADS, at_a_time, [SERVED[0], label])

    def test_either_kind_of_worker_can_replace_the_other(self):
        dispatcher = self.start_dispatcher(*timeouts_for(""), "--probe-pause-ms", 100, "--probe-pause-max-ms", 100)
        port = 0
        for start in (lambda port: self.start_server("", port),
                      lambda port: self.start_worker(port=port),
                      lambda port: self.start_server("--close-last", port),
                      lambda port: self.start_server("", port),
                      lambda port: self.start_worker(port=port)):
            worker = start(port)
            port = worker.port
            if f"127.0.0.1:{port}" not in support.request(dispatcher.port, "/api/v1/workers").text:
                support.request(dispatcher.port, f"/add/127.0.0.1:{port}")

            def answers():
                return support.upload(dispatcher.port, IMAGE_FILE.read_bytes()).status == 200

            support.wait_until(answers, f"an answer by {worker.name}")
            for _ in range(5):
                self.assertTrue(answers())
            worker.kill()


if __name__ == "__main__":
    support.main()
