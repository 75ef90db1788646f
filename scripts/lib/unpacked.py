"""The servers that scripts/setup --test unpacks. They aren't installed, because their packages would start them."""

import os
import pathlib
import shutil

DEPS_DIR = pathlib.Path(__file__).resolve().parents[2] / "build" / "deps"
PROXIES = DEPS_DIR / "proxies"


def find_program(name):
    """The path of a proxy; None if it is missing."""
    folders = [PROXIES / "usr" / "sbin", PROXIES / "usr" / "bin", *os.get_exec_path(), "/usr/sbin"]
    return shutil.which(name, path=os.pathsep.join(map(str, folders)))


def environment(folder):
    """The environment variables of a proxy, which may write to `folder`."""
    libraries = PROXIES / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"
    return {"LD_LIBRARY_PATH": str(libraries), "HOME": str(folder),
            "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def find_postgresql():
    """The folder of the newest PostgreSQL's programs; None if there is none."""
    for folder in (pathlib.Path("/usr/lib/postgresql"), DEPS_DIR / "postgresql/usr/lib/postgresql"):
        found = sorted(folder.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        if found:
            return found[-1].parent
    return None


# Whoever runs PostgreSQL for root: it refuses to run as root itself.
UNPRIVILEGED = 65534


def as_unprivileged():
    """The command before PostgreSQL's programs: it gives up root's privileges, if there are any."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups"]


def substituted(text, *pairs):
    """The text with each of the pairs' first texts, which it must contain, replaced by the second one."""
    for old, new in pairs:
        assert old in text, f"the configuration doesn't contain {old!r}"
        text = text.replace(old, str(new))
    return text
