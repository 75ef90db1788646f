"""Two dispatchers behind HAProxy with the configuration that is shipped, deploy/haproxy.cfg, unchanged but for addresses:
a rolling restart fails no request, only requests that change nothing are repeated, and one client has one limit.
"""

import collections
import contextlib
import http.client
import json
import pathlib
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading

import support
import wire
from proxies import environment, free_port, require_program, substituted
from steady_load import SteadyLoad

CONFIGURATION = support.SOURCE_DIR / "deploy" / "haproxy.cfg"
CLIENT, OTHER_CLIENT = "127.0.0.2", "127.0.0.3"
IMAGE_FILE = b"any bytes, where no network looks at them"
TIMEOUT_S = 60
# As the configuration asks for: longer than two of its checks take.
READY_DRAIN_MS = 10000


class ClosingServer:
    """Passes for a dispatcher that is ready. Closes the connection on all other requests, and notes them."""

    def __init__(self):
        self.requests = collections.Counter()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            connection.settimeout(TIMEOUT_S)
            method, path = stream.readline().decode().split()[:2]
            size = 0
            while (line := stream.readline().strip()):
                name, value = line.split(b":", 1)
                size = int(value) if name.lower() == b"content-length" else size
            stream.read(size)
            if path in ("/readyz", "/healthz"):
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            else:
                self.requests[f"{method} {path}"] += 1

    def stop(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class LoadBalancerTest(wire.TestCase):
    def start_balancer(self, addresses):
        """Starts HAProxy before two dispatchers."""
        program = require_program(self, "haproxy")
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.port = free_port()
        path = folder / "haproxy.cfg"
        path.write_text(substituted(
            CONFIGURATION.read_text(encoding="utf-8"), ("bind :8080", f"bind 127.0.0.1:{self.port}"),
            ("10.10.0.11:9999", addresses[0]), ("10.10.0.12:9999", addresses[1])))
        self.balancer = self.start(program, "-db", "-f", path, env=environment(folder))

        def accepts():
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S).close()
                return True
            return False

        support.wait_until(accepts, "HAProxy to listen")

    def start_site(self, *arguments, port=0):
        """A dispatcher with a worker of its own."""
        return self.start_dispatcher("--trusted-proxy", "127.0.0.1", *arguments, workers=[self.worker], port=port)

    def start_both(self, *arguments):
        self.worker = self.start_null_worker()
        dispatchers = [self.start_site(*arguments) for _ in range(2)]
        self.start_balancer([dispatcher.address for dispatcher in dispatchers])
        return dispatchers

    def wait_for_log(self, pattern, start=0):
        # HAProxy writes its log to standard output, and what happens to servers also to standard error.
        self.assertTrue(self.balancer.stdout.wait_for(pattern, start=start), self.balancer.report())

    def send(self, method, path):
        body = IMAGE_FILE if method == "POST" else None
        return support.request(self.port, path, method, body, {"Content-Type": "image/png"})

    def upload_from(self, client):
        head, body = wire.http_upload(IMAGE_FILE)
        with socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S, (client, 0)) as connection:
            connection.sendall(head + body)
            return self.read_response(connection)

    @staticmethod
    def read_response(connection):
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return support.Response(answer)

    def test_the_configuration_is_valid_without_a_warning(self):
        program = require_program(self, "haproxy")
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([program, "-c", "-f", CONFIGURATION], env=environment(folder), text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("WARNING", done.stdout)

    def test_a_rolling_restart_fails_no_request(self):
        dispatchers = self.start_both("--ready-drain-ms", READY_DRAIN_MS)
        load = SteadyLoad(self.port)
        for number, dispatcher in enumerate(dispatchers, 1):
            load.wait_for_more(100)
            self.assertTrue(dispatcher.log.wait_for("POST /api/v1/classify"), dispatcher.report())
            begin = len(self.balancer.stdout.lines())
            dispatcher.send(signal.SIGTERM)
            # HAProxy learns it from /readyz, while the dispatcher still serves.
            self.wait_for_log(f"Server samoyed/dispatcher-{number} is DOWN, reason: Layer7 wrong status, code: 503", begin)
            self.assertTrue(dispatcher.is_running())
            self.assertEqual(dispatcher.wait(), 0)
            load.wait_for_more(100)
            begin = len(self.balancer.stdout.lines())
            self.start_site(port=dispatcher.port)
            self.wait_for_log(f"Server samoyed/dispatcher-{number} is UP", begin)
        load.wait_for_more(100)
        self.assertEqual(list(load.stop()), [200], load.outcomes())

    def restart_worker(self, worker, dispatchers):
        """Restarts a worker on its port. Returns the new one once all dispatchers use it."""
        begins = [len(dispatcher.log.lines()) for dispatcher in dispatchers]
        worker.stop()
        restarted = self.start_null_worker(port=worker.port)
        for dispatcher, begin in zip(dispatchers, begins):
            self.assertTrue(dispatcher.log.wait_for(f"{worker.address} is back in rotation", start=begin),
                            dispatcher.report())
        return restarted

    def restart_dispatcher(self, number, dispatcher, arguments):
        begin = len(self.balancer.stdout.lines())
        dispatcher.stop()
        restarted = self.start_dispatcher(*arguments, port=dispatcher.port)
        self.wait_for_log(f"Server samoyed/dispatcher-{number} is UP", begin)
        return restarted

    def test_a_rolling_restart_of_everything_fails_no_request_and_counts_no_failure(self):
        workers = [self.start_null_worker() for _ in range(3)]
        arguments = ["--trusted-proxy", "127.0.0.1", "--ready-drain-ms", READY_DRAIN_MS]
        for worker in workers:
            arguments += ["--worker", worker.address]
        dispatchers = [self.start_dispatcher(*arguments) for _ in range(2)]
        self.start_balancer([dispatcher.address for dispatcher in dispatchers])
        load = SteadyLoad(self.port)
        load.wait_for_more(100)
        for worker in workers:
            self.restart_worker(worker, dispatchers)
            load.wait_for_more(100)
        for dispatcher in dispatchers:
            self.assertNotIn("removed worker", dispatcher.log.text())
        for number, dispatcher in enumerate(dispatchers, 1):
            self.restart_dispatcher(number, dispatcher, arguments)
            load.wait_for_more(100)
        self.assertEqual(list(load.stop()), [200], load.outcomes())

    def test_only_requests_that_change_nothing_are_repeated(self):
        broken = ClosingServer()
        self.addCleanup(broken.stop)
        self.worker = self.start_null_worker()
        self.start_balancer([broken.address, self.start_site().address])
        for _ in range(10):
            self.assertEqual(support.request(self.port, "/api/v1/models").status, 200)
        self.assertGreater(broken.requests["GET /api/v1/models"], 0)
        paths = {"POST": "/api/v1/classify", "GET": "/add/127.0.0.1:1"}
        for method, path in paths.items():
            statuses = collections.Counter(self.send(method, path).status for _ in range(10))
            self.assertEqual(set(statuses), {200, 502}, f"{method} {path}")
            # Each failure was one attempt, which reached this server only.
            self.assertEqual(broken.requests[f"{method} {path}"], statuses[502], f"{method} {path}")

    def test_one_client_has_one_limit_at_all_dispatchers(self):
        limit = int(re.search(r"sc0_conn_cur\(\w+\) gt (\d+)", CONFIGURATION.read_text(encoding="utf-8"))[1])
        dispatchers = self.start_both()
        head, body = wire.http_upload(IMAGE_FILE)
        begun = []
        for _ in range(limit + 1):
            connection = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S, (CLIENT, 0))
            self.addCleanup(connection.close)
            connection.sendall(head + body[:20])
            begun.append(connection)
        # Whichever HAProxy counts last is one too many.
        (refused,), _, _ = select.select(begun, [], [], TIMEOUT_S)
        begun.remove(refused)
        response = self.read_response(refused)
        self.assertEqual((response.status, response.headers["Samoyed-Reason"]), (429, "client_limit"))
        self.assertEqual(response.headers["Content-Type"], "application/problem+json")
        self.assertTrue(response.headers["Retry-After"])
        self.assertEqual(json.loads(response.text)["reason"], "client_limit")
        self.assertEqual(self.upload_from(OTHER_CLIENT).status, 200)
        for connection in begun:
            connection.sendall(body[20:])
            self.assertEqual(self.read_response(connection).status, 200)
            connection.close()
        for dispatcher in dispatchers:
            # The limit is for both together: each got some of the uploads.
            self.assertTrue(dispatcher.log.wait_for(f"{CLIENT} through 127.0.0.1:\\d+ POST"), dispatcher.report())
        support.wait_until(lambda: self.upload_from(CLIENT).status == 200, "the uploads to be counted down")

    def test_dispatchers_that_are_not_ready_answer_themselves(self):
        dispatchers = [self.start_dispatcher("--trusted-proxy", "127.0.0.1") for _ in range(2)]
        self.start_balancer([dispatcher.address for dispatcher in dispatchers])
        self.wait_for_log("backend samoyed has no server available")
        self.assertIn("<html", support.request(self.port).text)
        response = self.send("POST", "/api/v1/classify")
        self.assertEqual((response.status, response.headers["Samoyed-Reason"]), (503, "no_active_worker"))


if __name__ == "__main__":
    support.main()
