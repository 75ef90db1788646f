"""Holds processes to a share of a core by a control group."""

import os
import pathlib

from bench_run import CannotRun

ROOT = pathlib.Path("/sys/fs/cgroup")
# Short, so that a process that has used its share waits for a few milliseconds only.
PERIOD_US = 20000


def _own_group(controller):
    """The path of this process's group: in the hierarchy of `controller`, or in the unified one if it is empty."""
    for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path.lstrip("/")
    return ""


class CpuLimit:
    """A control group, of either version, whose processes may use `cores` of a core. As a context manager, it removes
    the group, whose processes must have ended by then. Raises CannotRun if this process may not make groups."""

    def __init__(self, name, cores):
        quota_us = int(cores * PERIOD_US)
        first = (ROOT / "cpu").is_dir()
        parent = ROOT / "cpu" / _own_group("cpu") if first else ROOT / _own_group("")
        self._group = parent / f"{name}-{os.getpid()}"
        try:
            self._group.mkdir()
            if first:
                (self._group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (self._group / "cpu.cfs_quota_us").write_text(str(quota_us))
            else:
                (self._group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
        except OSError as error:
            raise CannotRun(f"no control group can limit the CPU: {error}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._group.rmdir()

    def add(self, program):
        """Moves a running program with all its threads into the group."""
        (self._group / "cgroup.procs").write_text(str(program.pid))
