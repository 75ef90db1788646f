"""Tests that workers which read different formats serve one page together, and that each says what it doesn't read."""

import json
import re
import unittest

import support

support.require_worker()

FIXTURES = support.SOURCE_DIR / "test" / "worker" / "test_images" / "data"
REQUESTS = 6  # For each image, so that round robin meets each worker.


def fixture(name):
    return (FIXTURES / name).read_bytes()


class FormatsTest(support.ProgramTestCase):
    def classify(self, dispatcher, image):
        """Returns the status and the JSON of the answer."""
        response = support.request(dispatcher.port, "/api/v1/classify", "POST", image,
                                   {"Content-Type": "application/octet-stream"})
        return response.status, json.loads(response.body)

    @support.needs_decoding
    def test_each_image_goes_to_a_worker_that_reads_it(self):
        jpeg = self.start_worker("--formats", "jpeg")
        png = self.start_worker("--formats", "png,gif")
        dispatcher = self.start_dispatcher(workers=[jpeg, png])
        for name, worker in (("rgb_420.jpg", jpeg), ("rgb.png", png), ("palette.gif", png)):
            for _ in range(REQUESTS):
                status, answer = self.classify(dispatcher, fixture(name))
                self.assertEqual((status, answer.get("worker")), (200, worker.address), name)
        # Nobody reads this one. The answer comes from a worker and blames no one.
        status, answer = self.classify(dispatcher, fixture("rgb.bmp"))
        self.assertEqual((status, answer["reason"]), (415, "unreadable"))
        self.assertIn("BMP", answer["detail"])
        for _ in range(REQUESTS):
            self.assertEqual(self.classify(dispatcher, fixture("rgb.png"))[0], 200)

    @support.needs_decoding
    def test_a_format_is_read_again_when_its_worker_comes_back(self):
        dispatcher = self.start_dispatcher(workers=[self.start_worker("--formats", "jpeg")])
        self.assertEqual(self.classify(dispatcher, fixture("rgb.png"))[0], 415)
        png = self.start_worker("--formats", "png")
        self.assertEqual(support.request(dispatcher.port, f"/add/{png.address}").status, 200)
        self.assertEqual(self.classify(dispatcher, fixture("rgb.png"))[0], 200)

    def test_hello_lists_the_formats_and_only_isolated_ones_need_processes(self):
        worker = self.start_worker("--formats", "jpeg,png")
        self.assertEqual(support.say_hello(worker.port)["formats"], ["jpeg", "png"])
        self.assertNotIn("decoding in separate processes", worker.log.text())
        self.assertEqual(support.children(worker.pid), [])

    def test_an_unknown_format_is_refused_with_those_that_exist(self):
        worker = self.start(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0, "--model", "null",
                            "--formats", "eps")
        self.assertNotEqual(worker.wait(), 0)
        self.assertTrue(re.search(r"jpeg.*not eps", worker.log.text()), worker.log.text())


if __name__ == "__main__":
    support.main()
