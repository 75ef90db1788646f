"""What TLS between dispatcher and worker costs: throughput, latency and the dispatcher's CPU time, with and without."""

import bench_service
from bench_run import Turns
from certificates import Authority

PLAIN, ENCRYPTED = "plain text", "TLS"
FILE_BYTES = (10_000, 1_000_000)


def start_pairs(bench):
    """Returns {PLAIN, ENCRYPTED: (worker without a network, dispatcher)}."""
    authority = Authority(bench.folder, "bench-ca")
    options = {PLAIN: ((), ()), ENCRYPTED: (authority.issue("worker").options, authority.issue("dispatcher").options)}
    pairs = {}
    for name, (of_worker, of_dispatcher) in options.items():
        worker = bench.service.start_worker(*of_worker, model="null")
        pairs[name] = (worker, bench.service.start_dispatcher(*bench_service.ONE_CLIENT, *of_dispatcher, workers=[worker]))
    return pairs


def measure(bench):
    """Returns {bytes of an image: {PLAIN, ENCRYPTED: {per_s, per_core_per_s, median_ms}}}."""
    pairs = start_pairs(bench)
    turns = Turns(bench.settings.rounds, bench.progress)
    for size in FILE_BYTES:
        image = bench_service.write_null_image(bench, size)
        for name, (_, dispatcher) in pairs.items():
            turns.add((str(size), name, "crowd"), lambda _, dispatcher=dispatcher, image=image:
                      bench_service.null_crowd(bench, dispatcher, image))
            turns.add((str(size), name, "alone"), lambda _, dispatcher=dispatcher, image=image: bench_service.load(
                bench, bench_service.page_words(dispatcher), image, bench.settings.seconds / 2, "--clients", 1))
    results = turns.run()
    bench.leave_out_failures(turns)
    for pair in pairs.values():
        for program in pair:
            program.kill()
    table = {}
    for (size, name, what), result in results.items():
        row = table.setdefault(size, {}).setdefault(name, {})
        if what == "alone":
            row["median_ms"] = result["latency_ms"]["p50"]
        else:
            row.update(per_s=result["per_s"], per_core_per_s=result["per_core_per_s"])
    return table
