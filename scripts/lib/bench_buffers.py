"""Measures the cost per megabyte of an image, by image size. It is the same for all sizes if buffers are reused."""

import bench_machine
import bench_service
from bench_run import Turns, run_json

IMAGES_MB = [0.25, 1, 3, 4, 8, 16, 30]
CLIENTS = [1, 4]


def measure(bench):
    """Returns {program: {clients: {MB of an image: {ms_per_mb, faults_per_mb}}}} for a worker without a network and
    for a dispatcher in front of it."""
    worker = bench.service.start_worker(model="null")
    dispatcher = bench.service.start_dispatcher(*bench_service.ONE_CLIENT, workers=[worker])
    programs = {"dispatcher": (dispatcher, bench_service.page_words(dispatcher)),
                "worker": (worker, bench_service.worker_words(worker))}
    images = {mb: bench_service.write_null_image(bench, int(mb * 1e6)) for mb in IMAGES_MB}
    seconds = bench.settings.seconds / 2

    def cost(program, words, clients, mb):
        # Warm-up: the programs' memory grows with the first images of a size.
        bench_service.load(bench, words, images[mb], seconds, "--clients", clients)
        cpu, faults = bench_machine.cpu_seconds(program), bench_machine.page_faults(program)
        result = run_json(bench.bin_dir / "clientsocket", "bench", "--json", *words, "--clients", clients,
                          "--seconds", seconds, "--warm-up-seconds", 0, images[mb])
        sent_mb = max(result["recognized"], 1) * mb
        return {"ms_per_mb": 1000 * (bench_machine.cpu_seconds(program) - cpu) / sent_mb,
                "faults_per_mb": (bench_machine.page_faults(program) - faults) / sent_mb}

    turns = Turns(bench.settings.rounds, bench.progress)
    for name, (program, words) in programs.items():
        for clients in CLIENTS:
            for mb in images:
                turns.add((name, clients, mb), lambda _, program=program, words=words, clients=clients, mb=mb:
                          cost(program, words, clients, mb))
    table = {}
    for (name, clients, mb), result in turns.run().items():
        table.setdefault(name, {}).setdefault(str(clients), {})[str(mb)] = result
    bench.leave_out_failures(turns)
    for program in (dispatcher, worker):
        program.kill()
    return table
