"""PostgreSQL on a node of the cluster: a server with its own small disk, which can be primary or standby."""

import os
import shutil
import signal
import socket
import struct
import subprocess

from cluster.nodes import FOLDER
from unpacked import UNPRIVILEGED, as_unprivileged, find_postgresql

DATABASE = "samoyed"
# The role of the dispatchers, which has no privileges beyond its database.
ROLE = "samoyed"
ADMIN = "postgres"
PORT = 5432
DISK_MIB = 1024
# What is left of the disk when it is full, beside what is used.
FULL_DISK_LEFT_KIB = 64
CONNECTIONS_MAX = 40
STANDBY_NAME = "standby"
SQL_TIMEOUT_S = 30
SETTINGS = {
    "listen_addresses": "*", "port": PORT, "max_connections": CONNECTIONS_MAX, "shared_buffers": "64MB",
    "max_wal_size": "64MB", "min_wal_size": "32MB", "wal_keep_size": "64MB", "max_wal_senders": 4,
    # Only the machine's own end could lose what the kernel has, and this server doesn't outlive it.
    "fsync": "off",
    "wal_retrieve_retry_interval": "500ms", "wal_receiver_status_interval": "1s",
    # A held lock is released soon after the end of the program that holds it.
    "client_connection_check_interval": "100ms",
}


class PostgresNode:
    """One server."""

    def __init__(self, service, node):
        self.node = node
        self._service = service
        self._program = None
        self._programs = find_postgresql()
        self._disk = FOLDER / node.name
        self._data = self._disk / "data"
        self._disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,uid={UNPRIVILEGED},gid={UNPRIVILEGED}", "tmpfs",
                        self._disk], check=True)

    def initialize(self):
        """Makes a new database and starts the server."""
        self._run("initdb", "-D", self._data, "-U", ADMIN, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N",
                  "--wal-segsize=4")
        with open(self._data / "pg_hba.conf", "a", encoding="utf-8") as file:
            file.write("host all all 10.10.0.0/24 trust\nhost replication all 10.10.0.0/24 trust\n")
        self.start()
        self.sql(f"CREATE ROLE {ROLE} LOGIN", database="postgres")
        self.sql(f"CREATE DATABASE {DATABASE} OWNER {ROLE}", database="postgres")

    def clone(self, primary):
        """Becomes a standby of the primary, whatever it was, and starts."""
        shutil.rmtree(self._data, ignore_errors=True)
        self._run("pg_basebackup", "-D", self._data, "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d",
                  f"host={primary.node.address} user={ADMIN} application_name={STANDBY_NAME}")
        self.start()

    def start(self):
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self._program = self._service.launch(*self.node.command(
            *as_unprivileged(), self._programs / "postgres", "-D", self._data, "-k", self._disk, *settings))
        if not self._program.log.wait_for("ready to accept"):
            raise AssertionError(self._program.report())

    def is_running(self):
        return self._program is not None and self._program.is_running()

    def stop(self, number):
        """Stops the server: by SIGQUIT at once, by SIGINT in order."""
        self._program.send(number)
        self._program.wait()

    def lose(self):
        """Kills all its processes at once."""
        self.node.signal_all(signal.SIGKILL)
        self._program.wait()

    def promote(self):
        self.sql("SELECT pg_promote()")
        self.replicate(False)

    def replicate(self, synchronous):
        """From now on, a COMMIT waits for the standby, or doesn't."""
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY_NAME if synchronous else ''}'")
        self.sql("SELECT pg_reload_conf()")

    def fill_disk(self):
        """Nothing more fits on the disk."""
        usage = os.statvfs(self._disk)
        used_kib = (usage.f_blocks - usage.f_bfree) * usage.f_frsize // 1024
        self._resize(f"{used_kib + FULL_DISK_LEFT_KIB}k")

    def empty_disk(self):
        self._resize(f"{DISK_MIB}m")

    def _resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self._disk], check=True)

    def session(self, *statements, name=ADMIN):
        """Starts a program that runs the statements in one transaction. `end_sessions` ends it."""
        return subprocess.Popen(self._psql(DATABASE, "BEGIN", *statements), env={**os.environ, "PGAPPNAME": name},
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end_sessions(self, name):
        self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'")

    def sql(self, statement, database=DATABASE):
        """Runs a statement as the administrator. Returns its rows, each a list of texts."""
        done = subprocess.run(self._psql(database, statement), check=False, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=SQL_TIMEOUT_S)
        if done.returncode != 0:
            raise AssertionError(f"{statement}: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, statement):
        """Returns the first column of the only row."""
        return self.sql(statement)[0][0]

    def _psql(self, database, *statements):
        commands = [word for statement in statements for word in ("-c", statement)]
        return [self._programs / "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", *commands,
                f"host={self.node.address} user={ADMIN} dbname={database} connect_timeout=10"]

    def _run(self, program, *arguments):
        done = subprocess.run(self.node.command(*as_unprivileged(), self._programs / program, *arguments), check=False,
                              cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{program}: {done.stderr.strip()}")


def take_connection(address):
    """Opens a connection as the dispatchers' role. Returns None if the server has none left for it."""
    words = ["user", ROLE, "database", DATABASE]
    message = struct.pack("!I", 196608) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
    connection = socket.create_connection((address, PORT), SQL_TIMEOUT_S)
    connection.sendall(struct.pack("!I", len(message) + 4) + message)
    if connection.recv(1) == b"R":  # Authentication; an error begins with E.
        return connection
    connection.close()
    return None
