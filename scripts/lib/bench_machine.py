"""Describes this machine and measures what its processes use."""

import os
import pathlib
import platform
import re

# The CPU features that determine how fast a floating-point network can be.
FLAGS = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "sve"]


def describe():
    """Returns {model, cores, flags, load, kernel}. `load` is the average of the last minute before the run."""
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"(?m)^(?:model name|Model)\s*: (.*)$", info)
    flags = re.search(r"(?m)^(?:flags|Features)\s*: (.*)$", info)
    present = set(flags[1].split()) if flags else set()
    return {"model": model[1] if model else platform.machine(), "cores": cores(),
            "flags": [flag for flag in FLAGS if flag in present],
            "load": round(os.getloadavg()[0], 2), "kernel": platform.release()}


def has_amx():
    """True if the worker accepts `--precision bf16`."""
    return "amx_bf16" in describe()["flags"]


def cores():
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _stat(program):
    """Fields of /proc/PID/stat (see proc(5)), from the third on."""
    return pathlib.Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(program):
    """User plus system CPU time of a running program, in seconds."""
    fields = _stat(program)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_seconds_with_children(program):
    """CPU time of a running program, of its running child processes, and of those that have ended."""
    fields = _stat(program)
    ticks = sum(int(field) for field in fields[11:15])
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            child = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It has ended.
        if int(child[1]) == program.pid:
            ticks += int(child[11]) + int(child[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def page_faults(program):
    """Minor page faults of a running program, which needed no disk access."""
    return int(_stat(program)[7])


def resident_mb(program):
    """Resident memory of a running program in MB (VmRSS in Linux)."""
    status = pathlib.Path(f"/proc/{program.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024
