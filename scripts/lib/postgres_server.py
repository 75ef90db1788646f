"""A server of PostgreSQL with its data in a temporary folder, for tests and measurements."""

import os
import signal
import subprocess

from unpacked import UNPRIVILEGED, as_unprivileged

# Printed after each answer of a session, so that its end is found.
END_OF_ANSWER = "=== end ==="
# A server that has to read its log after a crash takes longer than usual to stop and start.
STOP_TIMEOUT_S = 60


class Database:
    """The data of a server. `programs` comes from `find_postgresql`, and `folder` is an empty folder that outlives the
    server and that other users may reach."""

    def __init__(self, programs, folder):
        self._programs = programs
        self._folder = folder
        self._user = as_unprivileged()
        if self._user:
            os.chown(folder, UNPRIVILEGED, UNPRIVILEGED)
        subprocess.run(
            [*self._user, programs / "initdb", "-D", folder / "data", "-U", "samoyed", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "-N"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.url = f"postgresql://samoyed@/postgres?host={folder}"

    def server_command(self, *settings):
        """The command that runs the server, with settings such as `fsync=off`. It logs "ready to accept connections"."""
        words = [word for setting in ("listen_addresses=", "logging_collector=off", *settings) for word in ("-c", setting)]
        return ["env", "-C", "/", *self._user, self._programs / "postgres", "-D", self._folder / "data", "-k",
                self._folder, *words]

    def open_session(self):
        return Session(self._programs / "psql", self.url)


def end_server(server):
    """Ends the server without writing anything, as a crash does, but it gives its shared memory back."""
    if server.is_running():
        server.send(signal.SIGQUIT)
        server.wait(STOP_TIMEOUT_S)


class Session:
    """A connection for statements of its own. As a context manager, it is closed at the end."""

    def __init__(self, psql, url):
        self._psql = subprocess.Popen([psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._psql.kill()
        self._psql.communicate()

    def run(self, sql):
        """Runs statements. Returns the rows of all of them, each as a list of texts; a null is an empty text."""
        self._psql.stdin.write(f"{sql};\n\\echo '{END_OF_ANSWER}'\n")
        self._psql.stdin.flush()
        rows = []
        for line in self._psql.stdout:
            line = line.rstrip("\n")
            if line == END_OF_ANSWER:
                return rows
            rows.append(line.split("|"))
        raise RuntimeError(f"PostgreSQL couldn't carry out: {sql}")

    def number(self, sql):
        """Runs a statement that returns one number."""
        return float(self.run(sql)[0][0])
