"""The network alone: ours and what a user could take instead, each with the same input."""

import glob
import subprocess

import bench_machine
from bench_run import PEERS_DIR, CannotRun, Turns, run_json

PYTHON = "/usr/bin/python3"
OURS = "Samoyed"
OURS_BF16 = "Samoyed, bf16"


def openblas_core():
    """The kernels that fit the processor, as OPENBLAS_CORETYPE names them: Debian's OpenBLAS takes processors
    that came after it for one of 2004, and who tunes it would notice."""
    flags = bench_machine.describe()["flags"]
    if "avx512f" in flags:
        return {"OPENBLAS_CORETYPE": "SkylakeX"}
    return {"OPENBLAS_CORETYPE": "Haswell"} if "avx2" in flags else {}


def blas_environment(kind):
    """The environment in which a program gets that BLAS, `blas` (the reference one, which Debian installs
    by default) or `openblas-pthread`, with one thread, whatever Debian's alternatives say."""
    found = glob.glob(f"/usr/lib/*/{kind}/libblas.so.3")
    if not found:
        raise CannotRun(f"no {kind}/libblas.so.3 is installed")
    return {"LD_LIBRARY_PATH": found[0].rsplit("/", 1)[0], "OPENBLAS_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1", **openblas_core()}


def export(model, folder, images):
    """What the peers read (test/bench/peers/export.py). {image's name: the class that PyTorch sees}."""
    return run_json(PYTHON, PEERS_DIR / "export.py", model, folder, *images.values(),
                    env={"PYTHONDONTWRITEBYTECODE": "1"})


class Forward:
    """Programs that run the network, by name: each a command for an input file, images at once, threads
    an image, seconds."""

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
        # One image with two threads: how its time is brought down on an idle machine.
        if not bench_machine.has_amx():
            del self.commands[OURS_BF16]
        self.can_share_an_image = [OURS, OURS_BF16, "ONNX Runtime", "OpenCV DNN"]
        self.can_take_many = [*self.can_share_an_image, "naive LibTorch, OpenBLAS"]

    def run(self, name, folder, image, images, threads, seconds):
        """`image`: (its name, the class that is to be seen in it); another one is an error, so that a wrong
        peer is not measured."""
        command, environment = self.commands[name](folder / f"{image[0]}.f32", images, threads, seconds)
        result = run_json(*command, env=environment)
        if result["top1"] != image[1]:
            raise CannotRun(f"sees class {result['top1']} in {image[0]}, where PyTorch sees {image[1]}")
        return result


def measure_forward(bench, classes):
    """{program: {median_ms, per_s_all_cores, two_threads_ms}}. `classes`: what `export` returned; each round
    has the next of these images."""
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
    """Whether OpenCV's program could be built; it can't where OpenCV is not installed."""
    subprocess.run(["cmake", build_dir], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return subprocess.run(["ninja", "-C", build_dir, "samoyed_bench_opencv"], check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
