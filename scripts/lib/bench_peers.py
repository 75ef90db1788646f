"""Benchmarks of the network alone: ours and the alternatives, all with the same input."""

import glob
import subprocess

import bench_machine
from bench_run import PEERS_DIR, CannotRun, Turns, run_json

PYTHON = "/usr/bin/python3"
OURS = "Samoyed"
OURS_BF16 = "Samoyed, bf16"


def openblas_core():
    """Returns the environment that makes OpenBLAS use the right kernels for this processor. Debian's OpenBLAS treats
    newer processors like one of 2004, which anyone who tunes it would notice."""
    flags = bench_machine.describe()["flags"]
    if "avx512f" in flags:
        return {"OPENBLAS_CORETYPE": "SkylakeX"}
    return {"OPENBLAS_CORETYPE": "Haswell"} if "avx2" in flags else {}


def blas_environment(kind):
    """Returns the environment that makes a program use this BLAS with one thread, whatever Debian's alternatives
    say. `kind` is `blas` (the reference BLAS, which Debian installs by default) or `openblas-pthread`."""
    found = glob.glob(f"/usr/lib/*/{kind}/libblas.so.3")
    if not found:
        raise CannotRun(f"no {kind}/libblas.so.3 is installed")
    return {"LD_LIBRARY_PATH": found[0].rsplit("/", 1)[0], "OPENBLAS_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1", **openblas_core()}


def export(model, folder, images):
    """Writes the files that the peers read (test/bench/peers/export.py). Returns {image's name: class by PyTorch}."""
    return run_json(PYTHON, PEERS_DIR / "export.py", model, folder, *images.values(),
                    env={"PYTHONDONTWRITEBYTECODE": "1"})


class Forward:
    """Programs that run the network, by name. Each is a function of an input file, the number of images at once,
    the threads per image and the seconds; it returns the command and its environment."""

    def __init__(self, bin_dir, model, folder):
        onnx = folder / "model.onnx"

        def ours(precision):
            def command(path, images, threads, seconds):
                return [bin_dir / "samoyed_bench", "forward", "--model", model, "--input", path,
                        "--threads", images, "--seconds", seconds, "--precision", precision,
                        *(["--shared"] if threads > 1 else [])], {}
            return command

        def onnx_runtime(path, images, threads, seconds):
            return ["node", PEERS_DIR / "onnxruntime.mjs", onnx, path, images, threads, seconds], {}

        def opencv(path, images, threads, seconds):
            return [bin_dir / "samoyed_bench_opencv", onnx, path, images, threads, seconds], {}

        def naive(blas):
            def command(path, images, threads, seconds):
                return ([bin_dir / "samoyed_bench_naive", model, path, images, seconds],
                        {**blas_environment(blas), "OMP_NUM_THREADS": str(threads)})
            return command

        def python(blas, *options):
            def command(path, _, threads, seconds):
                return ([PYTHON, PEERS_DIR / "python_forward.py", model, path, threads, seconds,
                         *options], blas_environment(blas))
            return command

        self.commands = {
            OURS: ours("fp32"),
            OURS_BF16: ours("bf16"),
            "ONNX Runtime": onnx_runtime,
            "OpenCV DNN": opencv,
            "naive LibTorch, reference BLAS": naive("blas"),
            "naive LibTorch, OpenBLAS": naive("openblas-pthread"),
            "PyTorch eager, reference BLAS": python("blas"),
            "PyTorch eager, OpenBLAS": python("openblas-pthread"),
            "PyTorch eager, OpenBLAS, channels_last": python("openblas-pthread", "--channels-last"),
        }
        if not bench_machine.has_amx():
            del self.commands[OURS_BF16]
        # These can run one image on two threads, which shortens its time on an idle machine.
        self.can_share_an_image = [OURS, OURS_BF16, "ONNX Runtime", "OpenCV DNN"]
        self.can_take_many = [*self.can_share_an_image, "naive LibTorch, OpenBLAS"]

    def run(self, name, folder, image, images, threads, seconds):
        """Runs a program. `image` is (its name, the class expected). Raises CannotRun if the program sees another
        class, so that an incorrect peer isn't measured."""
        command, environment = self.commands[name](folder / f"{image[0]}.f32", images, threads, seconds)
        result = run_json(*command, env=environment)
        if result["top1"] != image[1]:
            raise CannotRun(f"sees class {result['top1']} in {image[0]}, where PyTorch sees {image[1]}")
        return result


def measure_forward(bench, classes):
    """Returns {program: {median_ms, per_s_all_cores, two_threads_ms}}. `classes` is the result of `export`; each
    round uses the next of its images."""
    forward = Forward(bench.bin_dir, bench.model, bench.folder)
    cores = bench_machine.cores()
    images = list(classes.items())
    turns = Turns(bench.settings.rounds, bench.progress)

    def add(name, kind, at_once, threads):
        turns.add((name, kind), lambda number: forward.run(
            name, bench.folder, images[number % len(images)], at_once, threads, bench.settings.seconds))

    for name in forward.commands:
        add(name, "alone", 1, 1)
        if name in forward.can_take_many:
            add(name, "many", cores, 1)
        if name in forward.can_share_an_image and cores > 1:
            add(name, "two", 1, 2)
    results = turns.run()
    for (name, kind), why in turns.failures.items():
        bench.leave_out(f"forward of {name}, {kind}", why)
    table = {}
    for (name, kind), result in results.items():
        row = table.setdefault(name, {})
        if kind == "many":
            row["per_s_all_cores"] = result["per_s"]
        else:
            row["median_ms" if kind == "alone" else "two_threads_ms"] = result["median_ms"]
    return table


def build_opencv_peer(build_dir):
    """Builds the program that uses OpenCV. Returns False if that fails, for example because OpenCV is missing."""
    subprocess.run(["cmake", build_dir], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return subprocess.run(["ninja", "-C", build_dir, "samoyed_bench_opencv"], check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
