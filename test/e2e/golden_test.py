"""Sends the 99 golden images of ../shared with clientsocket to real workers with the real network."""

import json
import subprocess
import unittest

import support

support.require_worker()
SHARED = support.require_shared()
support.require_trained_model()


class GoldenTest(support.ProgramTestCase):
    def test_all_golden_images_by_folder(self):
        goldens = {golden["file"]: golden
                   for golden in json.loads((SHARED / "golden" / "top5.json").read_text())}
        folders = [SHARED / "images" / name for name in ("imagenet96", "dog.jpg", "beaver.jpg", "basketball.jpg")]
        workers = [self.start_worker(), self.start_worker()]
        listed = [part for worker in workers for part in ("--worker", worker.address)]
        done = subprocess.run([support.bin_dir() / "clientsocket", *listed, "--threads", "3", "--json",
                               *folders],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(sorted(answer["file"].rsplit("/", 1)[1] for answer in answers),
                         sorted(goldens))
        for answer in answers:
            golden = goldens[answer["file"].rsplit("/", 1)[1]]
            with self.subTest(file=golden["file"]):
                self.assertEqual([item["label"] for item in answer["top"]],
                                 [label for label, _ in golden["top5"]])
                self.assertEqual([item["class"] for item in answer["top"]], golden["classes"])
                for item, (_, probability) in zip(answer["top"], golden["top5"]):
                    self.assertLess(abs(item["probability"] - probability), 1e-4)


if __name__ == "__main__":
    support.main()
