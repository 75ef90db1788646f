"""The proxies that scripts/setup --test unpacks, for tests."""

import socket

import support  # noqa: F401  pylint: disable=unused-import  # It adds scripts/lib to the path.
from unpacked import environment, find_program, substituted  # noqa: F401  pylint: disable=unused-import


def require_program(test, name):
    """Like `find_program`, but skips the test if the proxy is missing."""
    return find_program(name) or test.skipTest(f"needs {name}, which scripts/setup --test unpacks")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
