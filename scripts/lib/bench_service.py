"""Benchmarks of the service: a worker, the dispatcher's page in front of it, and Python servers as alternatives."""

import json
import os
import subprocess
import time

import bench_machine
from bench_peers import PYTHON, blas_environment
from bench_run import PEERS_DIR, CannotRun, Turns, run_json
from queueing import perfect_p99

# Shares of the saturation, which a closed loop measures.
LOADS = [0.5, 0.8, 0.95, 2.0]
# All load comes from one address.
ONE_CLIENT = ["--requests-per-client-max", "4096", "--connections-per-peer-max", "8192",
              "--connections-max", "8192"]
# The plain Python server answers only a few times per second.
SECONDS_MIN_OF_PYTHON = 3
NULL_IMAGE_BYTES = 10000
NULL_CLIENTS = 16
START_UP_IMAGES = 100

DIRECT = "worker, direct"
DIRECT_BF16 = "worker, direct, bf16"
THROUGH_HTTP = "service through HTTP"
THROUGH_API = "service through its API"
IN_PROCESS = "pipeline in one process"
PLAIN_PYTHON = "Python, reference BLAS"
TUNED_PYTHON = "Python, tuned: OpenBLAS, one thread"
# Even faster, but only for those who know this option of PyTorch.
CHANNELS_LAST_PYTHON = "Python, tuned, channels_last"


def load(bench, target, image, seconds, *how):
    """Runs clientsocket bench and returns its report. `target` contains its arguments that name the server."""
    return run_json(bench.bin_dir / "clientsocket", "bench", "--json", *target, "--seconds", seconds,
                    "--warm-up-seconds", min(0.5, seconds / 2), *how, image)


def worker_words(program):
    return ["--worker", program.address]


def page_words(program, path="/"):
    return ["--http", f"http://{program.address}{path}"]


def saturating_clients():
    """Number of clients with which each of a worker's threads always has an image waiting."""
    return 2 * bench_machine.cores()


def measure_parts(bench):
    """Returns {image: {part: ms}} on one thread."""
    tool = bench.bin_dir / "samoyed_bench"
    seconds = bench.settings.seconds / 4
    turns = Turns(bench.settings.rounds, bench.progress)
    for image, path in bench.images.items():
        for part in ("receive", "encode", "pipeline"):
            turns.add((image, part), lambda _, part=part, path=path: run_json(
                tool, part, "--model", bench.model, "--seconds", seconds, path))
    results = turns.run()
    bench.leave_out_failures(turns)
    table = {}
    for (image, part), result in results.items():
        row = table.setdefault(image, {})
        row[f"{part}_ms"] = result["median_ms"]
        row.update({key: result[key] for key in ("decode_ms", "resize_ms", "forward_ms")
                    if key in result})
    return table


def _start_python(bench, name, environment, *options):
    server = bench.service.launch(PYTHON, PEERS_DIR / "python_server.py", bench.model, *options,
                                  env=environment)
    if not server.log.wait_for("listening on", 30):
        raise CannotRun(f"{name} did not start: {server.log.text()[-200:]}")
    server.wait_until_ready()
    for image, path in bench.images.items():
        ours, its = (answer(bench, worker, path) for worker in (bench.worker, server))
        if ours != its:
            raise CannotRun(f"sees {its} in {image}, where the worker sees {ours}")
    return server


def answer(bench, worker, path):
    """Returns the best label of an image."""
    return run_json(bench.bin_dir / "clientsocket", "--json", *worker_words(worker), path)["top"][0]["label"]


def _python_servers(bench):
    """Starts the servers that give the same answers as our worker. Returns {name: server}."""
    servers = {}
    for name, blas, options in (
            (PLAIN_PYTHON, "blas", []), (TUNED_PYTHON, "openblas-pthread", ["--tuned"]),
            (CHANNELS_LAST_PYTHON, "openblas-pthread", ["--tuned", "--channels-last"])):
        try:
            servers[name] = _start_python(bench, name, blas_environment(blas), *options)
        except (CannotRun, KeyError) as error:
            bench.leave_out(name, str(error))
    return servers


def measure_closed(bench):
    """Returns {image: {who: {per_s, generator_cores}}}, and for a single client {who: {median_ms, p99_ms}}."""
    targets = {DIRECT: lambda: worker_words(bench.worker), THROUGH_HTTP: lambda: page_words(bench.dispatcher),
               THROUGH_API: lambda: page_words(bench.dispatcher, "/api/v1/classify")}
    if bench_machine.has_amx():
        in_bf16 = bench.service.start_worker("--precision", "bf16")
        targets[DIRECT_BF16] = lambda: worker_words(in_bf16)
    servers = _python_servers(bench)
    pythons = {name: lambda server=server: worker_words(server) for name, server in servers.items()}
    seconds = bench.settings.seconds
    turns = Turns(bench.settings.rounds, bench.progress, begin_round=bench.start_anew)
    for image, path in bench.images.items():
        turns.add((image, IN_PROCESS), lambda _, path=path: run_json(
            bench.bin_dir / "samoyed_bench", "pipeline", "--model", bench.model, "--threads",
            bench_machine.cores(), "--seconds", seconds, path))
        primary = image == bench.primary
        for who, words in {**targets, **(pythons if primary else {})}.items():
            lasts = max(seconds, SECONDS_MIN_OF_PYTHON) if who in pythons else seconds
            turns.add((image, who), lambda _, words=words, path=path, lasts=lasts: load(
                bench, words(), path, lasts, "--clients", saturating_clients()))
            if primary:
                turns.add(("alone", who), lambda _, words=words, path=path, lasts=lasts: load(
                    bench, words(), path, lasts, "--clients", 1))
    results = turns.run()
    bench.leave_out_failures(turns)
    for server in servers.values():
        server.kill()
    closed, alone = {}, {}
    for (image, who), result in results.items():
        if image == "alone":
            alone[who] = {"median_ms": result["latency_ms"]["p50"], "p99_ms": result["latency_ms"]["p99"]}
        else:
            closed.setdefault(image, {})[who] = {
                "per_s": result.get("goodput_per_s", result.get("per_s")),
                "generator_cores": result.get("generator_cores")}
    return closed, alone


def measure_open(bench):
    """Returns {who: {load: the report of clientsocket bench, and p99 / unloaded median}}.

    The saturation and the unloaded median are measured anew right before each load. Shared machines change their
    speed within minutes, and 80 % of an earlier saturation may exceed what they can do now."""
    targets = {DIRECT: worker_words(bench.worker), THROUGH_HTTP: page_words(bench.dispatcher)}
    path = bench.images[bench.primary]
    settings = bench.settings

    def turn(words, share, number):
        before = settings.seconds / 2
        full = load(bench, words, path, before, "--clients", saturating_clients())
        alone = load(bench, words, path, before, "--clients", 1)
        result = load(bench, words, path, settings.open_loop_seconds, "--rate",
                      share * full["goodput_per_s"], "--seed", number + 1)
        p99 = (result["latency_ms"] or {}).get("p99")
        alone_ms = alone["latency_ms"]["p50"]
        # A single image may take less time, because it gets two cores.
        loaded_ms = 1000 * bench_machine.cores() / full["goodput_per_s"]
        perfect = perfect_p99(share, bench_machine.cores()) * loaded_ms / alone_ms if share < 1 else None
        return {**result, "p99_by_unloaded_median": p99 and p99 / alone_ms, "perfect_p99": perfect}

    turns = Turns(settings.rounds, bench.progress)
    for who, words in targets.items():
        for share in LOADS:
            turns.add((who, share), lambda number, words=words, share=share: turn(words, share, number))
    results = turns.run()
    bench.leave_out_failures(turns)
    table = {}
    for (who, share), result in results.items():
        table.setdefault(who, {})[str(share)] = {
            "offered_per_s": result["rate_per_s"], "goodput_per_s": result["goodput_per_s"],
            "latency_ms": {**(result["latency_ms"] or {}), "p99.9": pooled_percentile(turns.rounds[who, share], 0.999)},
            "refused": sum(result["refused"].values()),
            "failed": sum(result["failed"].values()), "sent": result["sent"],
            "p99_by_unloaded_median": result["p99_by_unloaded_median"], "perfect_p99": result["perfect_p99"],
            "generator_cores": result["generator_cores"]}
    return table


def pooled_percentile(results, share):
    """Returns a percentile of the latencies of all runs, from the slowest of each; None if too few are known."""
    beyond = int(sum(result["recognized"] for result in results) * (1 - share))
    known = min((len(result["slowest_ms"]) for result in results), default=0)
    if beyond >= known:
        return None
    return sorted((ms for result in results for ms in result["slowest_ms"]), reverse=True)[beyond]


def write_null_image(bench, file_bytes=NULL_IMAGE_BYTES):
    """Writes a file that a worker without a network accepts as an image."""
    image = bench.folder / f"{file_bytes}_bytes.jpg"
    image.write_bytes(os.urandom(file_bytes))
    return image


def null_crowd(bench, dispatcher, image, path="/"):
    """Measures a dispatcher with many clients and a worker that answers at once: its throughput, also per second of
    its own CPU time."""
    begin = bench_machine.cpu_seconds(dispatcher)
    # No warm-up, because its images would use CPU time without being counted.
    result = run_json(bench.bin_dir / "clientsocket", "bench", "--json", *page_words(dispatcher, path), "--clients",
                      NULL_CLIENTS, "--seconds", bench.settings.seconds, "--warm-up-seconds", 0, image)
    used = bench_machine.cpu_seconds(dispatcher) - begin
    return {"per_s": result["goodput_per_s"], "per_core_per_s": result["recognized"] / max(used, 0.01),
            "generator_cores": result["generator_cores"]}


def measure_dispatcher(bench):
    """Measures the cost of the dispatcher in front of a worker that answers at once."""
    worker = bench.service.start_worker(model="null")
    dispatcher = bench.service.start_dispatcher(*ONE_CLIENT, workers=[worker])
    image = write_null_image(bench)
    turns = Turns(bench.settings.rounds, bench.progress)
    turns.add("crowd", lambda _: null_crowd(bench, dispatcher, image))
    for name, words in (("direct", worker_words(worker)), ("page", page_words(dispatcher))):
        turns.add(name, lambda _, words=words: load(bench, words, image, bench.settings.seconds / 2,
                                                    "--clients", 1))
    results = turns.run()
    bench.leave_out_failures(turns)
    for program in (dispatcher, worker):
        program.kill()
    if set(results) != {"crowd", "direct", "page"}:
        return {}
    direct, page = (results[name]["latency_ms"]["p50"] for name in ("direct", "page"))
    return {**results["crowd"], "direct_ms": direct, "page_ms": page, "added_ms": page - direct}


def measure_start_up(bench):
    """Measures the time from exec to the line `listening on`, and the first and the last images of a process."""
    path = bench.images[bench.primary]

    def start_up(_):
        begin = time.monotonic()
        worker = bench.service.start_worker()
        ready_s = time.monotonic() - begin
        done = subprocess.run([bench.bin_dir / "clientsocket", "--json", *worker_words(worker),
                               "--repeat", str(START_UP_IMAGES), path], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        worker.kill()
        times_ms = [json.loads(line)["ms"] for line in done.stdout.splitlines()]
        last = sorted(times_ms[-START_UP_IMAGES // 10:])
        return {"ready_s": ready_s, "first_ms": times_ms[0], "hundredth_ms": last[len(last) // 2]}

    turns = Turns(bench.settings.rounds, bench.progress)
    turns.add("start-up", start_up)
    return turns.run().get("start-up", {})
