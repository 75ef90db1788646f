"""Our programs against a strict peer of the older system, which lies in ../shared."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import unittest

import support

SHARED = support.require_shared()
PEER = SHARED / "reference" / "peer.py"
PICTURE = SHARED / "images" / "dog.jpg"
# What peer.py's server answers unless it is told otherwise.
SERVED = ["Samoyed", "Great Pyrenees", "Arctic fox", "keeshond", "Eskimo dog"]


# (picture, times, damage): a thousand exchanges, and some with each damage, on the small picture where the large
# one's decoding would take most of the time; some also on one that is larger than a socket's buffers.
CLIENT_RUNS = [
    ("beaver.jpg", 1000, ""),
    ("beaver.jpg", 300, "--corrupt size"),
    ("beaver.jpg", 300, "--corrupt image"),
    ("dog.jpg", 100, ""),
    ("dog.jpg", 100, "--corrupt image"),
]
if support.is_sanitized():
    # Most of an exchange's time then goes into the checks of each byte.
    CLIENT_RUNS = [(picture, times // 10, damage) for picture, times, damage in CLIENT_RUNS]


def yield_to_others(program):
    """Lets the clients have the processor when they want it, since they must read the A before the result."""
    for thread in pathlib.Path(f"/proc/{program.pid}/task").iterdir():
        os.setpriority(os.PRIO_PROCESS, int(thread.name), 19)


class ReferenceClientTest(support.ProgramTestCase):
    """The strict client's exchanges with one worker of ours, all runs at once."""

    @unittest.skipUnless(support.model_is_trained(), "needs the trained model")
    def test_every_answer_is_right(self):
        goldens = {golden["file"]: golden["top5"]
                   for golden in json.loads((SHARED / "golden" / "top5.json").read_text())}
        # One recognition at a time: a result then seldom follows its A so closely that a client, on a loaded
        # machine, reads both at once, which to the reference means waiting for ever.
        worker = self.start_worker("--threads", "1")
        yield_to_others(worker)
        clients = [self.start("/usr/bin/python3", PEER, "client", "127.0.0.1", worker.port,
                              SHARED / "images" / picture, "--times", times, *damage.split())
                   for picture, times, damage in CLIENT_RUNS]
        for client, (picture, times, damage) in zip(clients, CLIENT_RUNS):
            with self.subTest(picture=picture, damage=damage):
                self.assertEqual(client.wait(550), 0)
                answers = [json.loads(line) for line in client.stdout.lines()]
                self.assertEqual(len(answers), times)
                for answer in answers:
                    self.assertEqual([label for label, _ in answer],
                                     [label for label, _ in goldens[picture]])
                    for (_, probability), (_, golden) in zip(answer, goldens[picture]):
                        self.assertLess(abs(float(probability) - golden), 1e-4)


# For each fault of the strict server: what a lone worker with it leads to, and whether it stays in rotation.
# "answer": right in spite of it; "no worker": removed; "image": counted against the image, which has no
# other worker to go to.
FAULTS = {
    "": "answer",
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
# Short, so that hanging servers don't hold the test up, but not for the others on a loaded machine.
TIMEOUTS = ("--answer-timeout-ms", "3000", "--image-timeout-ms", "4000", "--result-timeout-ms", "4000")


class ReferenceServerTest(support.ProgramTestCase):
    """Each fault has a server of its own, so they are played side by side: most of them are waits."""

    def start_server(self, fault):
        return self.start("/usr/bin/python3", PEER, "server", "127.0.0.1", "0",
                          *fault.split()).wait_until_ready_on_stdout()

    def for_every_fault(self, play, check):
        """Plays all faults, then checks what `play(fault)` returned by `check(fault, returned)`."""
        with concurrent.futures.ThreadPoolExecutor(len(FAULTS) // 2) as pool:
            played = {fault: pool.submit(play, fault) for fault in FAULTS}
        for fault, returned in played.items():
            with self.subTest(fault=fault):
                check(fault, returned.result())

    def test_faults_of_a_lone_server_through_the_page(self):
        expected = {"answer": 200, "no worker": 503, "image": 422}

        def play(fault):
            server = self.start_server(fault)
            dispatcher = self.start_dispatcher(*TIMEOUTS, workers=[server])
            response = support.upload(dispatcher.port, PICTURE.read_bytes(), "dog.jpg")
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
            dispatcher = self.start_dispatcher(*TIMEOUTS, workers=[faulty, sound])
            responses = [support.upload(dispatcher.port, PICTURE.read_bytes(), "dog.jpg")
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
                                   *TIMEOUTS, "--json", PICTURE],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
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


if __name__ == "__main__":
    support.main()
