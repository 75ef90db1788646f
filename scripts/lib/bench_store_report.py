"""Formats the sections `store` and `cluster` of scripts/bench, and names their targets."""

from bench_cluster import WITH_STORE, WITHOUT_STORE
from bench_tables import Target, get, number, table

# Key, what was measured, and the target in jobs per second.
LOADS = [("submissions", "10 kB, one per request, only accepted", 800),
         ("in_16s", "10 kB, 16 per request, until they are done", 2000),
         ("single", "10 kB, one per request, until they are done", None),
         ("large", "100 kB, one per request, until they are done", 300)]


def store(results, _):
    measured = results["store"]
    rows = [[text, number(get(measured, key, "per_s"), 0), number(get(measured, key, "cpu_ms"), 2),
             number(get(measured, key, "postgres_cpu_ms"), 2), number(get(measured, key, "generator_cores"), 2)]
            for key, text, _ in LOADS]
    rest = [["pick-up by an idle dispatcher, ms", number(get(measured, "pick_up", "p50_ms"), 0),
             number(get(measured, "pick_up", "p99_ms"), 0) + " (p99)"],
            ["jobs of a dispatcher after kill -9, s", number(get(measured, "rescue", "fastest_s")),
             number(get(measured, "rescue", "slowest_s")) + " (slowest)"],
            [f"jobs/s before and after a snapshot was held for {number(get(measured, 'snapshot', 'held_s'), 0)} s",
             number(get(measured, "snapshot", "before_per_s"), 0), number(get(measured, "snapshot", "after_per_s"), 0)]]
    return ("Jobs in PostgreSQL, which syncs each commit, with workers that answer at once\n\n"
            + table(["jobs", "jobs/s", "dispatcher's CPU, ms per job", "PostgreSQL's CPU, ms per job",
                     "load generator's cores"], rows)
            + "\n\n" + table(["figure", "median, fastest or before", "worst or after"], rest))


def spread(by_count):
    """How far the figures are from their middle, as a share of it."""
    values = [figures["cpu_ms"] for figures in (by_count or {}).values()]
    return (max(values) - min(values)) / (max(values) + min(values)) if values else None


def cluster(results, _):
    balanced, workers = results["cluster"]["balanced"], results["cluster"]["workers"]
    counts = list(next(iter(workers.values()), {}))
    pairs = [[name, number(row["one_per_s"], 0), number(row["two_per_s"], 0), number(row["of_twice"], 2)]
             for name, row in balanced.items()]
    costs = [[name] + [number(get(row, count, "cpu_ms"), 3) for count in counts] + [number(spread(row), 2)]
             for name, row in workers.items()]
    return ("Two dispatchers behind HAProxy, each held to a quarter of a core, 10 kB images\n\n"
            + table(["dispatchers", "one, images/s", "two, images/s", "two / twice one"], pairs)
            + "\n\nThe dispatcher's CPU time per image by the number of workers, ms\n\n"
            + table(["dispatcher"] + [f"{count} worker{'s' if count != '1' else ''}" for count in counts]
                    + ["distance from the middle"], costs))


def targets(results):
    """Of the sections that were measured."""
    wanted = []
    if measured := results.get("store"):
        wanted += [(f"jobs/s in PostgreSQL: {text}", get(measured, key, "per_s"), least, True)
                   for key, text, least in LOADS if least]
        wanted += [
            ("jobs: p99 of the pick-up by an idle dispatcher, ms", get(measured, "pick_up", "p99_ms"), 50, False),
            ("jobs: the slowest after kill -9, s", get(measured, "rescue", "slowest_s"), 35, False),
            ("jobs: throughput lost while a snapshot is held", get(measured, "snapshot", "loss"), 0.2, False)]
    if measured := results.get("cluster"):
        for name in (WITHOUT_STORE, WITH_STORE):
            wanted += [(f"two dispatchers behind HAProxy / twice one, {name}",
                        get(measured, "balanced", name, "of_twice"), 0.9, True),
                       (f"dispatcher's CPU per image, distance from the middle, {name}",
                        spread(get(measured, "workers", name)), 0.2, False)]
    return [Target(*one) for one in wanted]
