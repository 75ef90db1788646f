"""Formats the results of scripts/bench as Markdown, and compares them with the project's targets."""

import statistics

import bench_store_report
from bench_peers import OURS, OURS_BF16
from bench_service import DIRECT, DIRECT_BF16, IN_PROCESS, PLAIN_PYTHON, THROUGH_HTTP, TUNED_PYTHON
from bench_tables import Target, get, number, ratio, table
from bench_tls import ENCRYPTED, PLAIN

BEGIN, END = "<!-- bench begin -->", "<!-- bench end -->"


def _forward(results, _):
    ours = results["forward"].get(OURS, {})
    rows = [[name, number(row.get("median_ms"), 2), number(row.get("two_threads_ms"), 2),
             number(row.get("per_s_all_cores"), 0),
             number(ratio(row.get("median_ms"), ours.get("median_ms")), 2)]
            for name, row in results["forward"].items()]
    return "The network alone\n\n" + table(
        ["forward of one image", "1 thread, ms", "2 threads, ms", "all cores, one image each, images/s",
         "time relative to Samoyed"], rows)


def _parts(results, _):
    rows = [[image] + [number(row.get(f"{part}_ms"), 2)
                       for part in ("receive", "decode", "resize", "forward", "pipeline", "encode")]
            for image, row in results["parts"].items()]
    return "The parts of the worker's work on one thread, ms\n\n" + table(
        ["image", "base64 and checksum", "decode", "resize, normalize", "forward, ranking", "total",
         "encoding by the client"], rows)


def _closed(results, primary):
    images = list(results["closed"])
    rows = []
    first = results["closed"][primary]
    for who in first:
        of_who = [results["closed"][image].get(who, {}).get("per_s") for image in images]
        alone = results["alone"].get(who, {})
        rows.append([who] + [number(value) for value in of_who]
                    + [number(ratio(get(first, DIRECT, "per_s"), first[who].get("per_s")), 2)]
                    + [number(alone.get("median_ms")), number(alone.get("p99_ms"))]
                    + [number(first[who].get("generator_cores"), 2)])
    return "Images per second on all cores, closed loop\n\n" + table(
        ["program"] + [f"{image}, images/s" for image in images] + [f"speedup of \"{DIRECT}\""]
        + [f"one client, {primary}: median ms", "p99 ms", "load generator's cores"], rows)


def _open(results, primary):
    rows = []
    for who, loads in results["open"].items():
        for share, row in loads.items():
            latency = row["latency_ms"]
            rows.append([who, f"{float(share) * 100:.0f} %", number(row["offered_per_s"]),
                         number(row["goodput_per_s"])]
                        + [number(latency.get(key)) for key in ("p50", "p90", "p99", "p99.9")]
                        + [number(row["p99_by_unloaded_median"]), number(row["perfect_p99"]),
                           f"{number(row['refused'], 0)} / {number(row['failed'], 0)}",
                           number(row["generator_cores"], 2)])
    return (f"Poisson arrivals, {primary}; latency in ms from the moment an image was due; p99.9 over all rounds "
            "together\n\n") + table(
        ["program", "load", "offered/s", "goodput/s", "p50", "p90", "p99", "p99.9", "p99 / unloaded median",
         "theoretical optimum", "rejected / failed", "load generator's cores"], rows)


def _dispatcher(results, _):
    row = results["dispatcher"]
    return "The dispatcher in front of a worker that answers at once, 10 kB images\n\n" + table(
        ["recognitions/s per core", "recognitions/s", "one client, direct, ms",
         "one client, through the page, ms", "difference, ms", "load generator's cores"],
        [[number(row["per_core_per_s"], 0), number(row["per_s"], 0), number(row["direct_ms"], 3),
          number(row["page_ms"], 3), number(row["added_ms"], 3), number(row["generator_cores"], 2)]])


def _start_up(results, _):
    row, memory = results["start_up"], results.get("memory", {})
    return "Start-up and memory\n\n" + table(
        ["worker ready, s", "first image, ms", "hundredth image, ms", "worker's memory after the run, MB",
         "dispatcher's memory, MB"],
        [[number(row.get("ready_s"), 2), number(row.get("first_ms")), number(row.get("hundredth_ms")),
          number(memory.get("worker_mb"), 0), number(memory.get("dispatcher_mb"), 0)]])


def _buffers(results, _):
    sizes = list(next(iter(next(iter(results["buffers"].values())).values())))

    def row(program, clients, figure, key, digits, of_size):
        return [f"{program}, {clients} client{'s' if clients != '1' else ''}: {figure}"] + [
            number(of_size.get(mb, {}).get(key), digits) for mb in sizes]

    rows = [row(program, clients, figure, key, digits, of_size)
            for program, of_clients in results["buffers"].items() for clients, of_size in of_clients.items()
            for figure, key, digits in (("CPU ms", "ms_per_mb", 2), ("page faults", "faults_per_mb", 1))]
    return "Cost per megabyte of an image, by image size, with a worker without a network\n\n" + table(
        ["per megabyte"] + [f"{mb} MB" for mb in sizes], rows)


def _tls(results, _):
    rows = []
    for size, row in results["tls"].items():
        cells = [f"{int(size) // 1000} kB"]
        for key, digits in (("per_s", 0), ("per_core_per_s", 0), ("median_ms", 3)):
            plain, encrypted = (row.get(name, {}).get(key) for name in (PLAIN, ENCRYPTED))
            cells += [number(plain, digits), number(encrypted, digits), number(ratio(encrypted, plain), 2)]
        rows.append(cells)
    return "TLS between the dispatcher and a worker that answers at once, through the page\n\n" + table(
        ["image", "recognitions/s in plain text", "with TLS", "ratio", "per core of the dispatcher in plain text",
         "with TLS", "ratio", "one client in plain text, ms", "with TLS", "ratio"], rows)


SECTIONS = {"forward": _forward, "parts": _parts, "closed": _closed, "open": _open,
            "dispatcher": _dispatcher, "tls": _tls, "buffers": _buffers, "store": bench_store_report.store,
            "cluster": bench_store_report.cluster, "start_up": _start_up}

# Only on request: these take a quarter of an hour more, and need PostgreSQL and HAProxy.
ON_REQUEST = ("store", "cluster")


def markdown(results):
    machine = results["machine"]
    head = (f"Measured by `scripts/bench{' --quick' if results['quick'] else ''}` on {machine['cores']} cores of "
            f"{machine['model']} ({', '.join(machine['flags']) or 'no relevant CPU features'}; load before the "
            f"run {machine['load']}). " + ("One round." if results["rounds"] == 1 else
                                          f"Medians of {results['rounds']} rounds in which all programs took turns."))
    parts = [head] + [render(results, results["primary"]) for name, render in SECTIONS.items()
                      if results.get(name)]
    parts.append(_wanted(results))
    if results["left_out"]:
        parts.append("Left out: " + "; ".join(f"{what} ({why})" for what, why in results["left_out"].items())
                     + ".")
    return "\n\n".join(parts) + "\n"


def targets(results):
    primary = results["primary"]

    def per_s(who):
        return get(results, "closed", primary, who, "per_s")

    def alone(who):
        return get(results, "alone", who, "median_ms")

    def forward(who):
        return get(results, "forward", who, "median_ms")

    def tail(who, share):
        return get(results, "open", who, share, "p99_by_unloaded_median")

    wanted = [
        ("forward: speed relative to ONNX Runtime", ratio(forward("ONNX Runtime"), forward(OURS)), 1.0, True),
        ("worker, direct: throughput relative to the pipeline in one process",
         ratio(per_s(DIRECT), per_s(IN_PROCESS)), 0.95, True),
        ("service through HTTP: throughput relative to the pipeline in one process",
         ratio(per_s(THROUGH_HTTP), per_s(IN_PROCESS)), 0.85, True),
        ("worker, direct: throughput relative to plain Python", ratio(per_s(DIRECT), per_s(PLAIN_PYTHON)), 10, True),
        ("worker, direct: latency relative to plain Python", ratio(alone(DIRECT), alone(PLAIN_PYTHON)), 0.1, False),
        ("worker, direct: throughput relative to tuned Python", ratio(per_s(DIRECT), per_s(TUNED_PYTHON)), 2.5, True)]
    if OURS_BF16 in (results.get("forward") or {}):
        wanted.append(("forward in bf16: throughput relative to fp32",
                       ratio(get(results, "forward", OURS_BF16, "per_s_all_cores"),
                             get(results, "forward", OURS, "per_s_all_cores")), 2.0, True))
    if per_s(DIRECT_BF16):
        wanted.append(("worker, direct, bf16: throughput relative to tuned Python",
                       ratio(per_s(DIRECT_BF16), per_s(TUNED_PYTHON)), 3.2, True))
    for who in (DIRECT, THROUGH_HTTP):
        wanted += [(f"p99 / unloaded median at 50 % load, {who}", tail(who, "0.5"), 4, False),
                   (f"p99 / unloaded median at 80 % load, {who}", tail(who, "0.8"), 8, False)]
    wanted += [
        ("dispatcher: recognitions/s per core", get(results, "dispatcher", "per_core_per_s"), 10000, True),
        ("median latency added by the dispatcher, ms", get(results, "dispatcher", "added_ms"), 0.3, False),
        ("worker ready, s", get(results, "start_up", "ready_s"), 0.6, False),
        ("first image / hundredth image", ratio(get(results, "start_up", "first_ms"),
                                                 get(results, "start_up", "hundredth_ms")), 1.25, False),
        ("worker's memory, MB", get(results, "memory", "worker_mb"), 250, False),
        ("dispatcher's memory, MB", get(results, "memory", "dispatcher_mb"), 50, False)]
    return [Target(*one) for one in wanted] + bench_store_report.targets(results)


def comparisons(rows):
    """Formats a list of bench_against.Comparison as Markdown."""
    return table(["measurement", "this build", "other build", "ratio", "quartiles of the rounds' ratios", "verdict"],
                 [[one.what, number(statistics.median(one.this), 2), number(statistics.median(one.other), 2),
                   number(one.ratio, 3), " .. ".join(number(value, 3) for value in one.quartiles),
                   "WORSE" if one.worse else "ok"] for one in rows]) + "\n"


def _wanted(results):
    return "Targets of the project\n\n" + table(
        ["figure", "measured", "target", "reached"], [one.row() for one in targets(results)])


def split_page(page):
    """The text before and after the tables. Raises ValueError unless the two markers are there, once each and in this
    order."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"docs/performance.md has no lines {BEGIN} and {END}: add them where the tables belong")
    return page.split(BEGIN)[0], page.split(END)[1]


def with_tables(page, text):
    """The page with the tables between its markers."""
    before, after = split_page(page)
    return f"{before}{BEGIN}\n{text}{END}{after}"
