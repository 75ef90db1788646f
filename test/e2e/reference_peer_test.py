"""Our programs against a strict peer of the older system, which lies in ../shared."""

import json
import subprocess
import unittest

import support

SHARED = support.require_shared()
PEER = SHARED / "reference" / "peer.py"
PICTURE = SHARED / "images" / "dog.jpg"
# What peer.py's server answers unless it is told otherwise.
SERVED = ["Samoyed", "Great Pyrenees", "Arctic fox", "keeshond", "Eskimo dog"]


class ReferenceClientTest(support.ProgramTestCase):
    """A thousand exchanges of the strict client with our worker, in three ways."""

    def exchange(self, times, *arguments):
        worker = self.start_worker()
        done = subprocess.run(["/usr/bin/python3", PEER, "client", "127.0.0.1", str(worker.port), PICTURE,
                               "--times", str(times), *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=550)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), times)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:])
        self.assertEqual(len({json.dumps(answer) for answer in answers}), 1)
        self.assertEqual([item[0] for item in answers[0]],
                         ["Samoyed", "Great Pyrenees", "collie", "Border collie", "Pomeranian"])
        self.assertAlmostEqual(float(answers[0][0][1]), 0.93009, places=4)

    @unittest.skipUnless(support.model_is_trained(), "needs the trained model")
    def test_plain(self):
        self.exchange(1000)

    @unittest.skipUnless(support.model_is_trained(), "needs the trained model")
    def test_with_a_damaged_size(self):
        self.exchange(1000, "--corrupt", "size")

    @unittest.skipUnless(support.model_is_trained(), "needs the trained model")
    def test_with_a_damaged_image(self):
        self.exchange(1000, "--corrupt", "image")


# For each fault of the strict server: what a lone worker with it leads to, and whether it stays listed.
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
# Short, so that hanging servers don't hold the test up.
TIMEOUTS = ("--answer-timeout-ms", "1000", "--image-timeout-ms", "2000", "--result-timeout-ms", "2000")


class ReferenceServerTest(support.ProgramTestCase):
    def start_server(self, fault):
        return self.start("/usr/bin/python3", PEER, "server", "127.0.0.1", "0",
                          *fault.split()).wait_until_ready_on_stdout()

    def test_faults_of_a_lone_server_through_the_page(self):
        expected = {"answer": 200, "no worker": 503, "image": 422}
        for fault, outcome in FAULTS.items():
            with self.subTest(fault=fault):
                server = self.start_server(fault)
                dispatcher = self.start_dispatcher(*TIMEOUTS, workers=[server])
                response = support.upload(dispatcher.port, PICTURE.read_bytes(), "dog.jpg")
                self.assertEqual(response.status, expected[outcome], response.text)
                if outcome == "answer":
                    self.assertEqual([row[0] for row in support.result_rows(response.text)], SERVED)
                if outcome == "no worker":
                    self.assertIn("Error: No active worker!", response.text)
                listed = server.address in support.request(dispatcher.port).text
                self.assertEqual(listed, outcome != "no worker")
                dispatcher.stop()
                server.kill()

    def test_faults_cost_no_answer_while_a_sound_server_lives(self):
        sound = self.start_server("")
        for fault in FAULTS:
            with self.subTest(fault=fault):
                faulty = self.start_server(fault)
                dispatcher = self.start_dispatcher(*TIMEOUTS, workers=[faulty, sound])
                for _ in range(2):
                    response = support.upload(dispatcher.port, PICTURE.read_bytes(), "dog.jpg")
                    self.assertEqual(response.status, 200, response.text)
                    self.assertEqual([row[0] for row in support.result_rows(response.text)], SERVED)
                dispatcher.stop()
                faulty.kill()

    def test_faults_of_a_lone_server_through_clientsocket(self):
        for fault, outcome in FAULTS.items():
            with self.subTest(fault=fault):
                server = self.start_server(fault)
                done = subprocess.run([support.bin_dir() / "clientsocket", "--worker", server.address,
                                       *TIMEOUTS, "--json", PICTURE],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      timeout=60)
                answer = json.loads(done.stdout)
                if outcome == "answer":
                    self.assertEqual([item["label"] for item in answer["top"]], SERVED)
                else:
                    self.assertIn("No active worker" if outcome == "no worker" else "closed",
                                  answer["error"])
                removed = f"Inactive worker: 127.0.0.1 {server.port}" in done.stderr
                self.assertEqual(removed, outcome == "no worker")
                self.assertEqual(done.returncode, 0 if outcome == "answer" else 1)
                server.kill()


if __name__ == "__main__":
    support.main()
