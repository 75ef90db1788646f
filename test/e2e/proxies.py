"""The proxies that scripts/setup --test unpacks, and their configurations for tests."""

import os
import shutil
import socket

import support

# Unpacked here and not installed, because their packages would start servers.
UNPACKED = support.SOURCE_DIR / "build" / "deps" / "proxies"


def find_program(name):
    """The path of a proxy; None if it is missing."""
    folders = [UNPACKED / "usr" / "sbin", UNPACKED / "usr" / "bin", *os.get_exec_path(), "/usr/sbin"]
    return shutil.which(name, path=os.pathsep.join(map(str, folders)))


def require_program(test, name):
    """Like `find_program`, but skips the test if the proxy is missing."""
    return find_program(name) or test.skipTest(f"needs {name}, which scripts/setup --test unpacks")


def environment(folder):
    """The environment variables of a proxy, which may write to `folder`."""
    libraries = UNPACKED / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"
    return {"LD_LIBRARY_PATH": str(libraries), "HOME": str(folder),
            "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def substituted(text, *pairs):
    """The text with each of the pairs' first texts, which it must contain, replaced by the second one."""
    for old, new in pairs:
        assert old in text, f"the configuration doesn't contain {old!r}"
        text = text.replace(old, str(new))
    return text
