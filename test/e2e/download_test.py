#!/usr/bin/python3
"""Tests how scripts/fetch-model downloads the weights, with a local HTTPS server in place of torchvision's."""

import hashlib
import http.server
import os
import select
import socket
import socketserver
import ssl
import subprocess
import threading
import unittest

import torch_files as make
from checkout import Checkout

REAL_CURL = '#!/bin/sh\nexec /usr/bin/curl "$@"\n'
# Gives up on a server that sends nothing for one second, instead of twenty.
IMPATIENT_CURL = '#!/bin/sh\nexec /usr/bin/curl "$@" --speed-time 1\n'

STORED = {"0": make.values(50_000)}
WEIGHTS = make.legacy_file(
    make.named(make.NEW_DICT, ("weight", make.tensor(make.storage("0", 50_000, more=b"N"), (50, 1000), (1000, 1)))), STORED)
NAME = f"/models/squeezenet1_1-{hashlib.sha256(WEIGHTS).hexdigest()[:8]}.pth"


class Server:
    """Runs a server of the standard library on a thread until `close`. It counts its requests."""

    def __init__(self, handler, context=None):
        self.requests = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.server.owner = self
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
        pass

    def note(self):
        self.server.owner.requests.append(self.path)


class Weights(Handler):
    """Answers as `behavior` says. It is set for each test."""

    behavior = "whole"

    def do_GET(self):
        self.note()
        if self.path == "/elsewhere.pth":
            self.send(WEIGHTS)
        elif self.path != NAME:
            self.send_error(404)
        else:
            getattr(self, "send_" + self.behavior)()

    def start(self, size):
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def send(self, data):
        self.start(len(data))
        self.wfile.write(data)

    def send_whole(self):
        self.send(WEIGHTS)

    def send_cut(self):
        self.start(len(WEIGHTS))
        self.wfile.write(WEIGHTS[:len(WEIGHTS) // 2])

    def send_changed(self):
        self.send(WEIGHTS[:-1] + b"\x01")

    def send_too_much(self):
        self.start(1_000_000_000)

    def send_in_pieces(self):
        self.start(len(WEIGHTS))
        for start in range(0, len(WEIGHTS), 1000):
            self.wfile.write(WEIGHTS[start:start + 1000])
            self.wfile.flush()

    def send_half_and_wait(self):
        self.send_cut()
        self.wfile.flush()
        try:
            self.connection.recv(1)  # Until the client gives up.
        except OSError:
            pass

    def redirect(self, address):
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_elsewhere(self):
        self.redirect("/elsewhere.pth")

    def send_to_plain_http(self):
        self.redirect(f"http://127.0.0.1:{self.server.server_address[1]}/elsewhere.pth")


class Proxy(Handler):
    """Connects its clients with any server."""

    def do_CONNECT(self):
        self.note()
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as server:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: server, server: self.connection}
            while True:
                for source in select.select(list(ends), [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        self.close_connection = True
                        return
                    ends[source].sendall(data)


class ClosedProxy(Handler):
    def do_CONNECT(self):
        self.note()
        self.send_error(403)


class DownloadTest(Checkout):
    def setUp(self):
        super().setUp()
        self.set_curl(REAL_CURL)
        self.authority = os.path.join(self.folder, "authority.pem")
        key = os.path.join(self.folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2",
                        "-keyout", key, "-out", self.authority], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, key)
        self.weights = type("WeightsOfTest", (Weights,), {})
        self.server = self.start_server(self.weights, context)

    def start_server(self, handler, context=None):
        server = Server(handler, context)
        self.addCleanup(server.close)
        return server

    def download(self, name=NAME, **variables):
        """Runs fetch-model, and returns how it ended."""
        return self.run_script("fetch-model", variables={
            "SAMOYED_MODEL_URL": f"https://localhost:{self.server.port}{name}", "CURL_CA_BUNDLE": self.authority, **variables})

    def assert_trained(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, self.trained + "\n", done.stderr)
        self.assert_only_models("squeezenet1_1.pth")
        with open(self.trained, "rb") as file:
            self.assertIn(STORED["0"], file.read())

    def assert_untrained(self, done, *reasons):
        """The download failed, which the messages say, and the untrained model replaces it."""
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, self.untrained + "\n", done.stderr)
        self.assert_only_models("untrained.pth")
        for reason in (*reasons, "NO TRAINED MODEL IS AVAILABLE"):
            self.assertIn(reason, done.stderr)

    def test_a_whole_file_is_converted_and_kept(self):
        self.assert_trained(self.download())
        self.assert_trained(self.download())
        self.assertEqual(self.server.requests, [NAME])

    def test_a_file_that_comes_in_pieces_or_from_elsewhere_is_used(self):
        for behavior in ("in_pieces", "elsewhere"):
            with self.subTest(behavior):
                self.weights.behavior = behavior
                self.assert_trained(self.download())
                os.unlink(self.trained)

    def test_a_file_that_is_cut_off_is_not_used(self):
        self.weights.behavior = "cut"
        self.assert_untrained(self.download(), "the download failed")

    def test_a_file_with_another_checksum_is_not_used(self):
        self.weights.behavior = "changed"
        self.assert_untrained(self.download(), "the download is damaged: its sha256 is")

    def test_a_missing_file_is_reported(self):
        self.assert_untrained(self.download(name="/models/other-00000000.pth"), "404", "the download failed")

    def test_a_file_that_is_too_large_is_not_read(self):
        self.weights.behavior = "too_much"
        self.assert_untrained(self.download(), "Maximum file size exceeded", "the download failed")

    def test_a_server_that_stops_sending_is_given_up(self):
        self.set_curl(IMPATIENT_CURL)
        self.weights.behavior = "half_and_wait"
        self.assert_untrained(self.download(), "too slow", "the download failed")

    def test_a_server_that_nobody_vouches_for_is_not_used(self):
        self.assert_untrained(self.download(CURL_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt"), "certificate")
        self.assertEqual(self.server.requests, [])

    def test_a_redirection_to_plain_http_is_not_followed(self):
        self.weights.behavior = "to_plain_http"
        self.assert_untrained(self.download(), "the download failed")
        self.assertEqual(self.server.requests, [NAME])

    def test_a_server_that_is_not_there_is_reported(self):
        with socketserver.TCPServer(("127.0.0.1", 0), None) as free:
            port = free.server_address[1]
        done = self.download(SAMOYED_MODEL_URL=f"https://localhost:{port}{NAME}")
        self.assert_untrained(done, "the download failed")

    def test_a_proxy_is_used(self):
        proxy = self.start_server(Proxy)
        self.assert_trained(self.download(https_proxy=f"http://127.0.0.1:{proxy.port}"))
        self.assertEqual(proxy.requests, [f"localhost:{self.server.port}"])

    def test_a_proxy_that_refuses_is_reported(self):
        proxy = self.start_server(ClosedProxy)
        self.assert_untrained(self.download(https_proxy=f"http://127.0.0.1:{proxy.port}"), "403", "the download failed")
        self.assertEqual(self.server.requests, [])

    def test_an_address_without_https_or_checksum_is_an_error(self):
        for address in (f"http://localhost{NAME}", "https://localhost/weights.pth", "https://localhost/a-b8a5.pth", "nonsense"):
            with self.subTest(address):
                done = self.download(SAMOYED_MODEL_URL=address)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(f"SAMOYED_MODEL_URL is {address}; expected https://", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
