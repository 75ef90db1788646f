"""Measures what several dispatchers and many workers add up to: two dispatchers behind HAProxy, and a dispatcher's CPU
time for an image by the number of its workers, with and without PostgreSQL."""

import contextlib
import os
import shutil
import socket
import time

from bench_run import CannotRun, Turns
from bench_service import ONE_CLIENT, load, null_crowd, page_words, write_null_image
from bench_store import Store
from cpu_limit import CpuLimit
from service import ROOT_DIR

# Each dispatcher is held to this share of a core, so that two cores suffice for two of them, HAProxy and the load.
CORES_OF_DISPATCHER = 0.25
# The clients that keep two such dispatchers busy. HAProxy's configuration allows 64 uploads of a client.
BALANCED_CLIENTS = 32
# The page lists all workers, so its cost depends on their number.
API = "/api/v1/classify"
ALONE, BALANCED = "one dispatcher", "two behind HAProxy"
WITHOUT_STORE, WITH_STORE = "without a store", "with PostgreSQL"
READY_TIMEOUT_S = 60


def find_haproxy():
    """HAProxy, installed or unpacked by scripts/setup --test. Returns its path and its environment."""
    unpacked = ROOT_DIR / "build" / "deps" / "proxies" / "usr"
    program = shutil.which("haproxy", path=os.pathsep.join([str(unpacked / "sbin"), *os.get_exec_path(), "/usr/sbin"]))
    if not program:
        raise CannotRun("needs HAProxy, which scripts/setup --test unpacks")
    libraries = unpacked / "lib" / f"{os.uname().machine}-linux-gnu"
    return program, {"LD_LIBRARY_PATH": str(libraries)}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def start_balancer(bench, dispatchers):
    """Starts HAProxy before two dispatchers, with the configuration that is shipped. Returns it and its address."""
    program, environment = find_haproxy()
    text = (ROOT_DIR / "deploy" / "haproxy.cfg").read_text(encoding="utf-8")
    port = free_port()
    for old, new in (("bind :8080", f"bind 127.0.0.1:{port}"), ("10.10.0.11:9999", dispatchers[0].address),
                     ("10.10.0.12:9999", dispatchers[1].address)):
        if old not in text:
            raise CannotRun(f"deploy/haproxy.cfg doesn't contain {old}")
        text = text.replace(old, new)
    path = bench.folder / "haproxy.cfg"
    path.write_text(text, encoding="utf-8")
    balancer = bench.service.launch(program, "-db", "-f", path, env=environment)
    end = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), READY_TIMEOUT_S).close()
            return balancer, f"127.0.0.1:{port}"
        time.sleep(0.05)
    raise CannotRun(f"HAProxy did not start: {balancer.log.text()[-200:]}")


def measure_balanced(bench, store):
    """Returns the images a second of one dispatcher, of two behind HAProxy, and their ratio by two."""
    image = write_null_image(bench)
    arguments = ["--trusted-proxy", "127.0.0.1", *(["--store", store.url] if store else [])]
    worker = bench.service.start_worker(model="null")
    with contextlib.ExitStack() as stack:
        dispatchers = []
        for number in range(2):
            limit = stack.enter_context(CpuLimit(f"samoyed-bench-{number}", CORES_OF_DISPATCHER))
            dispatcher = bench.service.start_dispatcher(*ONE_CLIENT, *arguments, workers=[worker])
            stack.callback(dispatcher.kill)
            limit.add(dispatcher)
            dispatchers.append(dispatcher)
        balancer, address = start_balancer(bench, dispatchers)
        stack.callback(balancer.kill)
        turns = Turns(bench.settings.rounds, bench.progress)
        for name, target, clients in ((ALONE, page_words(dispatchers[0], API), BALANCED_CLIENTS // 2),
                                      (BALANCED, ["--http", f"http://{address}{API}"], BALANCED_CLIENTS)):
            turns.add(name, lambda _, target=target, clients=clients: load(
                bench, target, image, bench.settings.seconds, "--clients", clients))
        results = turns.run()
        bench.leave_out_failures(turns)
    worker.kill()
    one, two = (results.get(name, {}).get("goodput_per_s") for name in (ALONE, BALANCED))
    if not one or not two:
        raise CannotRun("no images were recognized")
    return {"one_per_s": one, "two_per_s": two, "of_twice": two / (2 * one)}


def measure_workers(bench, store, workers):
    """Returns {number of workers: CPU ms of a dispatcher for an image}, in turns."""
    image = write_null_image(bench)
    arguments = ["--store", store.url] if store else []
    turns = Turns(bench.settings.rounds, bench.progress)
    dispatchers = {}
    for count in bench.settings.worker_counts:
        dispatchers[count] = bench.service.start_dispatcher(*ONE_CLIENT, *arguments, workers=workers[:count])

        def cost(_, dispatcher=dispatchers[count]):
            figures = null_crowd(bench, dispatcher, image, API)
            return {"cpu_ms": 1000 / figures["per_core_per_s"], "per_s": figures["per_s"]}

        turns.add(str(count), cost)
    results = turns.run()
    bench.leave_out_failures(turns)
    for dispatcher in dispatchers.values():
        dispatcher.kill()
    return results


def start_workers(bench):
    """As many as are measured. They start at the same time."""
    workers = [bench.service.launch_worker("--threads", 1, model="null")
               for _ in range(max(bench.settings.worker_counts))]
    for worker in workers:
        worker.wait_until_ready()
    return workers


def measure(bench):
    """Returns {"balanced" or "workers": {with or without a store: figures}}."""
    table = {"balanced": {}, "workers": {}}
    with contextlib.ExitStack() as stack:
        stores = {WITHOUT_STORE: None}
        try:
            stores[WITH_STORE] = stack.enter_context(Store(bench.service))
        except CannotRun as error:
            bench.leave_out("dispatchers with PostgreSQL", str(error))
        for name, store in stores.items():
            try:
                table["balanced"][name] = measure_balanced(bench, store)
            except CannotRun as error:
                bench.leave_out(f"{BALANCED}, {name}", str(error))
        workers = start_workers(bench)
        for name, store in stores.items():
            table["workers"][name] = measure_workers(bench, store, workers)
        for worker in workers:
            worker.kill()
    return table
