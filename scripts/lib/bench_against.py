"""Compares this build with another one in turns, to find out whether it has become slower."""

import argparse
import contextlib
import dataclasses
import shutil
import statistics

import bench_service
from bench_run import Turns
from service import Service

LOSS_MAX = 0.03
LONE = "single request through the dispatcher, p50 ms"


@dataclasses.dataclass
class Comparison:
    """One measurement of both builds, with one value per build and round."""

    what: str
    is_rate: bool  # Otherwise it is a time.
    this: list
    other: list

    @property
    def ratio(self):
        return statistics.median(self.this) / statistics.median(self.other)

    @property
    def quartiles(self):
        """(lower, upper) quartile of the rounds' ratios."""
        ratios = [this / other for this, other in zip(self.this, self.other)]
        lower, _, upper = statistics.quantiles(ratios, n=4, method="inclusive")
        return lower, upper

    @property
    def worse(self):
        """True if this build loses more than LOSS_MAX and more than the distance between the quartiles. On a machine
        with other load the rounds' ratios differ even between equal builds."""
        loss = 1 - self.ratio if self.is_rate else self.ratio - 1
        lower, upper = self.quartiles
        return loss > max(LOSS_MAX, upper - lower)

    def as_json(self):
        return {**dataclasses.asdict(self), "ratio": self.ratio, "quartiles": self.quartiles,
                "worse": self.worse}


class _Build:
    """The programs of one build: a worker, one without a network, and a dispatcher in front of each."""

    def __init__(self, service):
        self._service = service
        self._programs = []

    def start_anew(self):
        for program in self._programs:
            program.kill()
        self.worker = self._service.start_worker()
        self.null_worker = self._service.start_worker(model="null")
        self.dispatcher, self.null_dispatcher = (
            self._service.start_dispatcher(*bench_service.ONE_CLIENT, workers=[worker])
            for worker in (self.worker, self.null_worker))
        self._programs = [self.worker, self.null_worker, self.dispatcher, self.null_dispatcher]


def _measures(bench):
    """Returns {name: a function that measures a build and returns {what: value}}. The load for both builds comes
    from one program, this build's clientsocket."""
    path = bench.images[bench.primary]
    small = bench_service.write_null_image(bench)

    def load(words, clients):
        return bench_service.load(bench, words, path, bench.settings.seconds, "--clients", clients)

    def per_s(words):
        return load(words, bench_service.saturating_clients())["goodput_per_s"]

    def null_crowd(build):
        result = bench_service.null_crowd(bench, build.null_dispatcher, small)
        return {"dispatcher in front of a null worker, images/s": result["per_s"],
                "dispatcher in front of a null worker, images/s per core": result["per_core_per_s"]}

    return {
        "worker": lambda build: {
            "worker, direct, images/s": per_s(bench_service.worker_words(build.worker))},
        "dispatcher": null_crowd,
        "service": lambda build: {
            "dispatcher in front of a worker, images/s": per_s(bench_service.page_words(build.dispatcher))},
        "lone": lambda build: {
            LONE: load(bench_service.page_words(build.dispatcher), 1)["latency_ms"]["p50"]}}


def _copy_programs(bin_dir, folder):
    """Copies the programs that are compared. How the linker or a copy wrote a program's file decides how its pages lie in
    memory: the same dispatcher differed by a tenth. So both builds' programs are copied in the same way."""
    folder.mkdir()
    for program in ("samoyed-worker", "samoyed-decoder", "samoyed-dispatcher"):
        if (bin_dir / program).is_file():  # Older builds have no decoder.
            shutil.copy2(bin_dir / program, folder / program)
    return folder


def compare(bench, bin_dir):
    """Returns a Comparison with the programs in `bin_dir` for each measurement that works."""
    with contextlib.ExitStack() as stack:
        builds = {}
        for name, programs in (("this", bench.bin_dir), ("other", bin_dir)):
            options = argparse.Namespace(bin_dir=_copy_programs(programs, bench.folder / name), model=bench.model)
            builds[name] = _Build(stack.enter_context(Service(options, quiet=True)))

        def start_anew():
            for build in builds.values():
                build.start_anew()

        def both(number, measure):
            # The builds take turns in going first.
            order = list(builds) if number % 2 == 0 else list(reversed(builds))
            return {name: measure(builds[name]) for name in order}

        turns = Turns(bench.settings.rounds, bench.progress, begin_round=start_anew)
        for name, measure in _measures(bench).items():
            turns.add(name, lambda number, measure=measure: both(number, measure))
        measured = turns.run()
    bench.leave_out_failures(turns)
    return [Comparison(what, what != LONE, *([result[build][what] for result in turns.rounds[name]]
                                             for build in builds))
            for name in measured for what in measured[name]["this"]]
