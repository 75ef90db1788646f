"""What machine this is, and what a process of it uses."""

import os
import pathlib
import platform
import re

# What decides how fast a network of floats can be.
FLAGS = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "sve"]


def describe():
    """{model, cores, flags, load, kernel}: the load is that of the last minute, before the run."""
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"(?m)^(?:model name|Model)\s*: (.*)$", info)
    flags = re.search(r"(?m)^(?:flags|Features)\s*: (.*)$", info)
    present = set(flags[1].split()) if flags else set()
    return {"model": model[1] if model else platform.machine(), "cores": cores(),
            "flags": [flag for flag in FLAGS if flag in present],
            "load": round(os.getloadavg()[0], 2), "kernel": platform.release()}


def has_amx():
    """Whether `--precision bf16` is not refused."""
    return "amx_bf16" in describe()["flags"]


def cores():
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def _stat(program):
    """The fields of proc(5)'s stat from the third one on."""
    return pathlib.Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(program):
    """User and system time that a running program has used."""
    fields = _stat(program)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def page_faults(program):
    """Those of a running program that needed no disk."""
    return int(_stat(program)[7])


def resident_mb(program):
    """The resident memory of a running program, which Linux calls VmRSS."""
    status = pathlib.Path(f"/proc/{program.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024
