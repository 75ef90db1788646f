"""A worker that announces itself to a dispatcher (samoyed-worker --announce)."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import support
import name_server  # In scripts/lib, which `support` adds to the path.

support.require_worker()

WORKER = support.bin_dir() / "samoyed-worker"
TOKEN = "announce-test-token"
INTERVAL = ("--announce-interval-ms", 100)
HOUR = ("--announce-interval-ms", 3600000)


@unittest.skipUnless((support.bin_dir() / "samoyed-announcer").exists(),
                     "the build has no samoyed-announcer (libcurl is missing)")
class AnnounceCase(support.ProgramTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def token_file(self, token, name="token"):
        path = self.folder / name
        with open(path, "w", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
            file.write(token)
        return path

    def start_announcing(self, url, *arguments, address="127.0.0.1"):
        return self.start_worker("--announce", url, *arguments, address=address, model="null")

    def listed(self, dispatcher, token=TOKEN):
        body = support.request(dispatcher.port, "/api/v1/workers", headers={"Authorization": f"Bearer {token}"}).body
        return [worker["address"] for worker in json.loads(body)["workers"]]

    def states(self, dispatcher):
        body = support.request(dispatcher.port, "/api/v1/workers").body
        return [worker["state"] for worker in json.loads(body)["workers"]]

    def wait_for_list(self, dispatcher, expected):
        support.wait_until(lambda: self.listed(dispatcher) == expected, f"the list {expected}")

    def start_server(self, wait=lambda path: None, context=None):
        """A server in place of a dispatcher, with TLS if it has a context: it records the calls, then calls `wait`, and
        answers them all with 200. Returns (the server, its calls)."""
        calls = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                calls.append(f"{self.command} {self.path} {self.headers['Authorization']}")
                wait(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

            def handle(self):
                with contextlib.suppress(ConnectionError):
                    super().handle()

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server, calls

    def url(self, dispatcher):
        return f"http://127.0.0.1:{dispatcher.port}"

    def wait_for_log(self, program, pattern):
        self.assertTrue(program.log.wait_for(pattern), f"{pattern} in the log:\n{program.log.text()}")


class AnnounceTest(AnnounceCase):
    def test_a_worker_comes_with_its_start_and_leaves_with_its_stop(self):
        dispatcher = self.start_dispatcher("--admin-token-file", self.token_file(TOKEN))
        worker = self.start_announcing(self.url(dispatcher), *HOUR, "--announce-token-file", self.token_file(TOKEN))
        self.wait_for_list(dispatcher, [worker.address])
        self.assertEqual(support.upload(dispatcher.port, b"an image").status, 200)
        for number in range(2):
            # Ctrl-C and systemd send the signal to the announcer too.
            worker.send_to_group(signal.SIGTERM) if number else worker.send(signal.SIGTERM)
            self.assertEqual(worker.wait(), 0)
            # The worker ended only after the dispatcher had removed it.
            self.assertEqual(self.listed(dispatcher), [])
            self.wait_for_log(worker, f"withdrew {worker.address} from {self.url(dispatcher)}")
            if number == 0:
                worker = self.start_announcing(self.url(dispatcher), *HOUR, "--announce-token-file",
                                               self.token_file(TOKEN))
                self.wait_for_list(dispatcher, [worker.address])

    def test_a_worker_comes_back_after_its_dispatcher_has_restarted(self):
        dispatcher = self.start_dispatcher()
        worker = self.start_announcing(self.url(dispatcher), *INTERVAL)
        self.wait_for_list(dispatcher, [worker.address])
        dispatcher.kill()
        self.wait_for_log(worker, "can't announce")
        again = self.start_dispatcher(port=dispatcher.port)
        self.wait_for_list(again, [worker.address])
        support.wait_until(lambda: self.states(again) == ["in_rotation"], "the worker in rotation")

    def test_a_worker_waits_for_its_dispatcher(self):
        port = name_server.free_port()
        worker = self.start_announcing(f"http://127.0.0.1:{port}", *INTERVAL)
        self.wait_for_log(worker, f"can't announce {worker.address} to http://127.0.0.1:{port}: .*[Cc]onnect")
        self.assertEqual(support.say_hello(worker.port)["model"], "null")
        dispatcher = self.start_dispatcher(port=port)
        self.wait_for_list(dispatcher, [worker.address])

    def test_a_killed_worker_is_left_to_the_dispatcher(self):
        dispatcher = self.start_dispatcher()
        worker = self.start_announcing(self.url(dispatcher), *INTERVAL)
        self.wait_for_list(dispatcher, [worker.address])
        announcers = [child for child in support.children(worker.pid)
                      if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "samoyed-announc"]
        self.assertEqual(len(announcers), 1)
        worker.send(signal.SIGKILL)
        worker.wait()
        support.wait_until(lambda: not os.path.exists(f"/proc/{announcers[0]}/exe"), "the announcer's end")
        self.assertEqual(self.listed(dispatcher), [worker.address])

    def test_a_worker_on_all_addresses_announces_the_one_that_connects(self):
        dispatcher = self.start_dispatcher()
        worker = self.start_announcing(self.url(dispatcher), *HOUR, address="0.0.0.0")
        self.wait_for_list(dispatcher, [f"127.0.0.1:{worker.port}"])

    def test_the_sandbox_stays_as_strict(self):
        dispatcher = self.start_dispatcher()
        worker = self.start_announcing(self.url(dispatcher), *INTERVAL, *(
            () if support.is_sanitized() else ("--sandbox-kill",)))
        self.wait_for_list(dispatcher, [worker.address])
        worker.send(signal.SIGTERM)
        self.assertEqual(worker.wait(), 0)
        self.assertEqual(self.listed(dispatcher), [])


class FailureTest(AnnounceCase):
    def test_a_wrong_token_is_named_and_a_right_one_is_read_later(self):
        dispatcher = self.start_dispatcher("--admin-token-file", self.token_file(TOKEN))
        file = self.token_file("another-token-of-it", "other")
        worker = self.start_announcing(self.url(dispatcher), *INTERVAL, "--announce-token-file", file)
        self.wait_for_log(worker, f"it doesn't accept the token in {file}")
        self.assertNotIn("another-token-of-it", worker.log.text())
        self.assertEqual(self.listed(dispatcher), [])
        self.token_file(TOKEN, "other")
        self.wait_for_list(dispatcher, [worker.address])

    def test_a_missing_token_is_named(self):
        dispatcher = self.start_dispatcher("--admin-token-file", self.token_file(TOKEN))
        worker = self.start_announcing(self.url(dispatcher), *INTERVAL)
        self.wait_for_log(worker, "it requires its admin token; name the token's file with --announce-token-file")

    def test_a_refused_address_is_named_with_its_reason(self):
        dispatcher = self.start_dispatcher("--worker-network", "10.0.0.0/8")
        worker = self.start_announcing(self.url(dispatcher), *INTERVAL)
        self.wait_for_log(worker, r"it answered with status 403 \(address_not_allowed\)")

    def test_a_dispatcher_that_says_nothing_does_not_keep_a_worker_from_stopping(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        worker = self.start_announcing(f"http://127.0.0.1:{listener.getsockname()[1]}", *INTERVAL)
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        worker.send(signal.SIGTERM)
        self.assertEqual(worker.wait(), 0)
        # The announcer gave up both its call and its last one.
        self.wait_for_log(worker, f"can't withdraw {worker.address}")

    def test_a_worker_that_stops_while_it_is_announced_is_withdrawn(self):
        release = threading.Event()
        self.addCleanup(release.set)
        server, calls = self.start_server(lambda path: path.startswith("/add/") and release.wait())
        worker = self.start_announcing(f"http://127.0.0.1:{server.server_address[1]}", *HOUR)
        path = worker.address.replace(":", "%3A")
        support.wait_until(lambda: calls == [f"POST /add/{path} None"], "the announcement")
        worker.send(signal.SIGTERM)
        self.assertEqual(worker.wait(), 0)
        # The dispatcher may have added it without having said so yet.
        support.wait_until(lambda: calls[1:] == [f"POST /del/{path} None"], "the withdrawal")

    def test_a_worker_whose_announcement_was_not_answered_is_withdrawn(self):
        def hang_up(path):
            if path.startswith("/add/"):
                raise ConnectionAbortedError("after the call has arrived")

        server, calls = self.start_server(hang_up)
        worker = self.start_announcing(f"http://127.0.0.1:{server.server_address[1]}", *HOUR)
        self.wait_for_log(worker, f"can't announce {worker.address}")
        worker.stop()
        self.assertEqual(calls[-1], f"POST /del/{worker.address.replace(':', '%3A')} None")

    def test_bad_options_are_refused_at_the_start(self):
        for arguments, text in [
                (["--announce", "10.0.0.1:9999"],
                 '"10.0.0.1:9999" can\'t be announced to; expected a dispatcher\'s URL'),
                (["--announce", "http://user@host"], "can't be announced to"),
                (["--announce", "http://a", "--announce-token-file", "/no/such/file"], "/no/such/file"),
                (["--announce", "http://a", "--announce-ca-file", "/no/such/file"], "/no/such/file"),
                (["--announce", "http://a", "--announce-address", "here"], '"here" isn\'t a worker address'),
                (["--announce-address", "127.0.0.1:1"], "--announce-address needs --announce"),
        ]:
            ended = subprocess.run([WORKER, "127.0.0.1", "0", "--model", "null", *arguments], capture_output=True,
                                   text=True, timeout=support.HTTP_TIMEOUT_S, check=False)
            self.assertEqual(ended.returncode, 2, ended.stderr)
            self.assertIn(text, ended.stderr)


@unittest.skipUnless(shutil.which("openssl"), "openssl is missing")
class TlsTest(AnnounceCase):
    def start_tls_server(self, name):
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{name}", "-out", certificate,
                        "-keyout", key], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server, calls = self.start_server(context=context)
        return f"https://127.0.0.1:{server.server_address[1]}/below", certificate, calls

    def test_https_is_checked_by_the_given_certificates(self):
        url, certificate, calls = self.start_tls_server("127.0.0.1")
        stranger = self.start_announcing(url, *INTERVAL, "--announce-token-file", self.token_file(TOKEN))
        self.wait_for_log(stranger, "can't announce .*certificate")
        self.assertEqual(calls, [])
        worker = self.start_announcing(url, *INTERVAL, "--announce-token-file", self.token_file(TOKEN),
                                       "--announce-ca-file", certificate)
        self.wait_for_log(worker, re.escape(f"announced {worker.address} to {url}"))
        path = worker.address.replace(":", "%3A")
        self.assertEqual(calls[0], f"POST /below/add/{path} Bearer {TOKEN}")
        support.wait_until(lambda: f"GET /below/api/v1/workers/{path} Bearer {TOKEN}" in calls, "a second call")
        worker.send(signal.SIGTERM)
        self.assertEqual(worker.wait(), 0)
        self.assertEqual(calls[-1], f"POST /below/del/{path} Bearer {TOKEN}")
        # A second /add would return a worker to the rotation that the dispatcher has ejected.
        self.assertEqual(set(calls[1:-1]), {f"GET /below/api/v1/workers/{path} Bearer {TOKEN}"})

    def test_a_certificate_for_another_name_is_refused(self):
        url, certificate, calls = self.start_tls_server("127.0.0.9")
        worker = self.start_announcing(url, *INTERVAL, "--announce-ca-file", certificate)
        self.wait_for_log(worker, "can't announce .*subject name")
        self.assertEqual(calls, [])


if __name__ == "__main__":
    support.main()
