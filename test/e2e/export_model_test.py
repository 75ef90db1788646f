"""Exports classifiers of torchvision by scripts/export-model, and compares the service's answers with Python's own."""

import importlib.util
import json
import math
import pathlib
import subprocess
import tempfile
import unittest

import support

support.require_worker()

SEED = 7
# Relative to a probability. Between two images, the thousand probabilities differ by much more.
TOLERANCE = 1e-3
NAMES = ("resnet18", "googlenet", "vit_b_16", "efficientnet_b0")

# Classifies an image in Python, by torchvision's own transforms and without TorchScript. Runs in a separate process,
# because PyTorch is large. Prints each network's probabilities as JSON.
PYTHON = """
import json, sys, warnings
warnings.simplefilter("ignore")
import PIL.Image, torch, torchvision.models as models
import importlib.machinery, importlib.util
loader = importlib.machinery.SourceFileLoader("export_model", sys.argv[1])
export = importlib.util.module_from_spec(importlib.util.spec_from_loader("export_model", loader))
loader.exec_module(export)
image = PIL.Image.open(sys.argv[2]).convert("RGB")
class Options: seed, weights = int(sys.argv[3]), None
answers = {}
for Options.name in sys.argv[4:]:
    recipe = export.choose_recipe(models, Options.name, None, None)
    network = export.build(torch, models, Options, recipe, 1000)
    with torch.inference_mode():
        logits = export.first_tensor(network(recipe.transforms()(image).unsqueeze(0)))
    answers[Options.name] = logits.softmax(1)[0].tolist()
print(json.dumps(answers))
"""

EXPORT = support.SOURCE_DIR / "scripts" / "export-model"


def have_torchvision():
    return importlib.util.find_spec("torchvision") is not None


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


@unittest.skipUnless(have_torchvision(), "needs python3-torchvision")
@unittest.skipIf(support.is_sanitized(), "exports and runs whole networks, which takes too long with sanitizers")
class ExportTest(support.ProgramTestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)

    def export(self, name):
        archive = pathlib.Path(self.folder.name) / f"{name}.pt"
        if archive.exists():
            return archive
        done = run("/usr/bin/python3", EXPORT, name, "--seed", SEED, "--output", archive)
        self.assertEqual((done.returncode, done.stdout), (0, f"{archive}\n"), done.stderr)
        return archive

    def classify(self, dispatcher, model):
        response = support.request(dispatcher.port, f"/api/v1/classify?top=1000&model={model}", "POST",
                                   support.sample("chelsea.png"), {"Content-Type": "image/png"})
        self.assertEqual(response.status, 200, response.text)
        return json.loads(response.body)

    def assert_like_python(self, answer, name, expected):
        self.assertEqual(len(answer["labels"]), len(expected))
        # The probabilities must differ enough that an answer for the wrong image or transform would fail.
        self.assertGreater(max(expected), 2 * min(expected))
        for row in answer["labels"]:
            self.assertTrue(math.isclose(row["probability"], expected[row["class"]], rel_tol=TOLERANCE),
                            (name, row, expected[row["class"]]))

    def test_exported_networks_answer_as_python_does(self):
        done = run("/usr/bin/python3", "-c", PYTHON, EXPORT, support.sample_path("chelsea.png"), SEED, *NAMES)
        self.assertEqual(done.returncode, 0, done.stderr)
        expected = json.loads(done.stdout)
        for name in NAMES:
            with self.subTest(name):
                worker = self.start_worker(model=self.export(name))
                dispatcher = self.start_dispatcher(workers=[worker])
                answer = self.classify(dispatcher, name)
                self.assertEqual(answer["model"], {"name": name, "trained": False})
                self.assert_like_python(answer, name, expected[name])
                # The page warns that its labels mean nothing.
                page = support.upload(dispatcher.port, support.sample("chelsea.png"))
                self.assertIn("untrained", page.text)

    def test_a_request_can_choose_between_two_models(self):
        resnet = self.start_worker(model=self.export("resnet18"))
        other = self.start_worker("--model-name", "other", model=self.export("mobilenet_v3_small"))
        dispatcher = self.start_dispatcher(workers=[resnet, other])
        for model, worker in (("resnet18", resnet), ("other", other), ("resnet18", resnet)):
            answer = self.classify(dispatcher, model)
            self.assertEqual(answer["model"]["name"], model)
            self.assertEqual(answer["worker"], worker.address)

    def test_a_worker_with_a_wrong_option_reports_it_and_exits(self):
        archive = self.export("vit_b_16")
        for arguments, words in ((["--input-size", "192"], ["vit_b_16.pt", "1x3x192x192", "Wrong image height"]),
                                 (["--labels", __file__], ["labels"])):
            with self.subTest(arguments):
                done = run(support.bin_dir() / "samoyed-worker", "127.0.0.1", "0", "--model", archive, *arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                for word in words:
                    self.assertIn(word, done.stderr)

    def test_weights_and_labels_can_come_from_files(self):
        weights = pathlib.Path(self.folder.name) / "weights.pth"
        labels = pathlib.Path(self.folder.name) / "labels.txt"
        labels.write_text("cat\ndog\n", encoding="utf-8")
        done = run("/usr/bin/python3", "-c",
                   "import sys, torch, torchvision.models as models\n"
                   "torch.save(models.mobilenet_v3_small(num_classes=2).state_dict(), sys.argv[1])", weights)
        self.assertEqual(done.returncode, 0, done.stderr)
        archive = pathlib.Path(self.folder.name) / "mine.pt"
        done = run("/usr/bin/python3", EXPORT, "mobilenet_v3_small", "--weights", weights, "--labels", labels,
                   "--output", archive)
        self.assertEqual(done.returncode, 0, done.stderr)
        dispatcher = self.start_dispatcher(workers=[self.start_worker(model=archive)])
        answer = self.classify(dispatcher, "mobilenet_v3_small")
        self.assertTrue(answer["model"]["trained"])
        self.assertEqual({row["label"] for row in answer["labels"]}, {"cat", "dog"})

    def test_errors_are_one_line(self):
        missing = pathlib.Path(self.folder.name) / "missing.pth"
        for arguments, word in ((["no_such_network", "--seed", "1"], "no_such_network"),
                                (["resnet18", "--weights", missing], "missing.pth"),
                                (["resnet18", "--weights", __file__], "weights only"),
                                (["resnet18", "--seed", "1", "--recipe", "V9"], "IMAGENET1K_V1")):
            with self.subTest(arguments):
                done = run("/usr/bin/python3", EXPORT, *arguments, "--output",
                           pathlib.Path(self.folder.name) / "never.pt")
                self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)
                self.assertIn(word, done.stderr)
        self.assertFalse((pathlib.Path(self.folder.name) / "never.pt").exists())


if __name__ == "__main__":
    support.main()
