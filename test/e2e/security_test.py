"""Hostile peers on both ports: they can't do what they must not, and they don't affect anybody else."""

import concurrent.futures
import os
import pathlib
import re
import socket
import tempfile
import threading
import unittest
import urllib.parse

import support
import wire

IMAGE_FILE = b"any bytes, where no network looks at them"
# A client's TLS 1.2 hello, up to its first extensions.
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(32)) + bytes(150)
TOKEN = "correct horse battery staple"
BINARY = bytes((number * 73 + 41) % 256 for number in range(4096))


def get(dispatcher, path="/", **fields):
    """Sends a GET with these header fields. In field names, write _ for -."""
    return support.request(dispatcher.port, path,
                           headers={name.replace("_", "-"): value for name, value in fields.items()})


def reason(response):
    return response.status, response.headers["Samoyed-Reason"]


class WorkerPortTest(wire.TestCase):
    HOSTILE = {
        "HTTP": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "an upload": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nD 8 ",
        "TLS": TLS_HELLO,
        "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
        "SMTP": b"EHLO example.org\r\n",
        "binary": BINARY,
        "zeros": bytes(4096),
        "acks": b"A" * 4096,
        "a size without end": b"D " + b"1" * 4096,
        "a huge size": wire.message(b"9" * 30),
        "a negative size": wire.message(b"-5"),
        "a text": wire.message(b"DROP TABLE images"),
    }

    def test_hostile_peers_are_dropped_and_the_worker_serves(self):
        worker = self.start_null_worker()
        good = self.connect(worker.port)
        self.addCleanup(good.close)
        expected = good.recognize(IMAGE_FILE)
        for peer_kind, sent in self.HOSTILE.items():
            with self.subTest(peer_kind):
                peer = self.connect(worker.port)
                try:
                    peer.send(sent)
                except wire.Gone:
                    pass
                # The worker closes the connection, and sends at most the protocol's one byte.
                self.assertLessEqual(len(peer.receive_rest()), 1)
                self.assertEqual(good.recognize(IMAGE_FILE), expected)
        # A hostile peer can't fill the log either.
        self.assertLess(len(worker.log.lines()), 100)
        worker.stop()

    def test_hostile_labels_are_refused_at_the_start(self):
        with tempfile.TemporaryDirectory() as folder:
            labels = pathlib.Path(folder) / "labels.txt"
            for hostile in ("a,b", "a:b", "error", "x -0001", "a\tb", "a\x1b[31mb", ""):
                with self.subTest(hostile):
                    lines = [f"label {number}" for number in range(999)]
                    labels.write_text("\n".join([hostile] + lines) + "\n")
                    worker = self.start(support.bin_dir() / "samoyed-worker", "127.0.0.1", 0,
                                        "--model", "null", "--labels", labels)
                    self.assertEqual(worker.wait(), 1)
                    self.assertEqual(len(worker.log.lines()), 1, worker.report())
                    self.assertIn("labels.txt", worker.log.text())


class AddTest(wire.TestCase):
    def test_only_allowed_networks_are_added(self):
        dispatcher = self.start_dispatcher("--idle-probe-interval-ms", 3600000)
        for address in ("192.0.2.1:80", "8.8.8.8:53", "169.254.169.254:80", "[2001:db8::1]:80",
                        "0.0.0.0:80", "[::ffff:8.8.8.8]:80"):
            response = get(dispatcher, "/add/" + address)
            self.assertEqual(reason(response), (403, "address_not_allowed"), address)
            self.assertIn("--worker-network", response.text)
            self.assertNotIn(f'class="address">{address}', get(dispatcher).text)
        for address in ("127.0.0.1:1", "10.1.2.3:8888", "172.16.0.9:8888", "192.168.1.2:8888",
                        "[::1]:8888", "[fd00::2]:8888", "[::ffff:10.1.2.3]:8889"):
            self.assertEqual(get(dispatcher, "/add/" + address).status, 200, address)

    def test_workers_of_options_and_the_state_file_are_checked_like_added_ones(self):
        names = ("localhost:1", "[::ffff:10.1.2.3]:8889")
        dispatcher = self.start_dispatcher("--idle-probe-interval-ms", 3600000, workers=names)
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for number, address in enumerate(("192.0.2.1:80", "169.254.169.254:80", "[::ffff:8.8.8.8]:80", "0.0.0.0:80",
                                          "[fd00:ec2::254]:80", "[fe80::1%lo]:80", "[fe80::1%no-such-link]:80")):
            state = folder / f"workers-{number}"
            state.write_text(f"# Workers\n{address}\n")
            self.assertEqual(reason(get(dispatcher, "/add/" + urllib.parse.quote(address))),
                             (403, "address_not_allowed"), address)
            for options in (("--worker", address), ("--state", state)):
                with self.subTest(options=options):
                    other = self.start(support.bin_dir() / "samoyed-dispatcher", "--port", 0, *options)
                    self.assertEqual(other.wait(), 1)
                    self.assertEqual(len(other.log.lines()), 1, other.report())
                    self.assertIn("--worker-network", other.log.text())

    def test_a_zone_names_the_link_of_a_link_local_address(self):
        dispatcher = self.start_dispatcher("--worker-network", "fe80::/10", "--idle-probe-interval-ms", 3600000,
                                           workers=["[fe80::1%lo]:1"])
        self.assertEqual(get(dispatcher, "/add/[FE80::2%25lo]:2").status, 200)
        shown = get(dispatcher).text
        for address in ("[fe80::1%lo]:1", "[fe80::2%lo]:2"):
            self.assertIn(f'class="address">{address}<', shown)
        self.assertIn('action="/del/[fe80::2%25lo]:2"', shown)
        self.assertEqual(get(dispatcher, "/del/[fe80::2%25lo]:2").status, 200)
        client = self.start(support.bin_dir() / "clientsocket", "--worker", "[fe80::1%lo]:1", "--connect-timeout-ms", 100,
                            support.sample_path("chelsea.png"))
        self.assertEqual(client.wait(), 1)
        self.assertIn("Inactive worker: fe80::1%lo 1", client.log.text())

    def test_other_networks_by_option(self):
        dispatcher = self.start_dispatcher("--worker-network", "192.0.2.0/24", "--worker-network",
                                           "127.0.0.2")
        for address, status in (("192.0.2.1:80", 200), ("127.0.0.2:80", 200), ("127.0.0.1:80", 403),
                                ("10.0.0.1:80", 403)):
            self.assertEqual(get(dispatcher, "/add/" + address).status, status, address)

    def test_adding_does_not_reveal_who_listens(self):
        """Neither the answer nor its time reveals it, because the answer comes before any connection is made."""
        dispatcher = self.start_dispatcher("--idle-probe-interval-ms", 3600000)
        listening = wire.ScriptedWorker()
        self.addCleanup(listening.stop)
        closed = wire.ScriptedWorker()
        closed.stop()
        answers = []
        for port in (listening.port, closed.port):
            response = get(dispatcher, f"/add/127.0.0.1:{port}")
            answers.append((response.status, response.text.replace(str(port), "PORT")))
            get(dispatcher, f"/del/127.0.0.1:{port}")
        self.assertEqual(answers[0], answers[1])

    def test_a_name_with_a_forbidden_address_is_not_connected_to(self):
        """Names are looked up when a connection is made. The addresses that they resolve to must be allowed then."""
        worker = wire.ScriptedWorker()
        self.addCleanup(worker.stop)
        dispatcher = self.start_dispatcher("--worker-network", "10.0.0.0/8")
        self.assertEqual(get(dispatcher, f"/add/localhost:{worker.port}").status, 200)
        self.assertEqual(reason(support.upload(dispatcher.port, IMAGE_FILE)), (503, "no_active_worker"))
        self.assertEqual(worker.connections, 0)


class CrossSiteTest(wire.TestCase):
    def test_other_sites_pages_cannot_change_anything(self):
        worker = self.start_null_worker()
        dispatcher = self.start_dispatcher(workers=[worker])
        own = f"http://127.0.0.1:{dispatcher.port}"
        refused = [{"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
                   {"Sec_Fetch_Site": "cross-site", "Origin": own},
                   {"Origin": "http://evil.example"}, {"Origin": "null"},
                   {"Origin": own + "0"}, {"Referer": "http://evil.example/page"}]
        allowed = [{}, {"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}, {"Origin": own},
                   {"Referer": own + "/"}]
        for fields in refused:
            for path in ("/add/127.0.0.1:1", f"/del/{worker.address}"):
                self.assertEqual(reason(get(dispatcher, path, **fields)), (403, "cross_site"), fields)
            headers = {name.replace("_", "-"): value for name, value in fields.items()}
            self.assertEqual(reason(support.upload(dispatcher.port, IMAGE_FILE, headers=headers)),
                             (403, "cross_site"), fields)
        self.assertIn(worker.address, get(dispatcher).text)
        self.assertNotIn("127.0.0.1:1<", get(dispatcher).text)
        for fields in allowed:
            self.assertEqual(get(dispatcher, "/add/127.0.0.1:1", **fields).status, 200, fields)
            self.assertEqual(get(dispatcher, "/del/127.0.0.1:1", **fields).status, 200, fields)
            headers = {name.replace("_", "-"): value for name, value in fields.items()}
            self.assertEqual(support.upload(dispatcher.port, IMAGE_FILE, headers=headers).status, 200)
        # Any site may link to the page itself.
        self.assertEqual(get(dispatcher, Sec_Fetch_Site="cross-site").status, 200)

    def test_host_names_of_other_sites_are_refused(self):
        """This prevents DNS rebinding: a page of evil.example, whose name now resolves to this server."""
        dispatcher = self.start_dispatcher("--allowed-host", "samoyed.example", "--allowed-host",
                                           ".dogs.example")
        port = dispatcher.port
        for host in ("evil.example", f"evil.example:{port}", "samoyed.example.evil.example",
                     "localhost.evil.example", "notdogs.example", "127.0.0.1.evil.example"):
            for path in ("/", "/add/127.0.0.1:1"):
                self.assertEqual(reason(get(dispatcher, path, Host=host)), (421, "host_not_allowed"),
                                 host)
        for host in ("127.0.0.1", f"127.0.0.1:{port}", f"[::1]:{port}", "localhost",
                     f"LOCALHOST:{port}", socket.gethostname(), "samoyed.example",
                     "samoyed.example:8080", "a.dogs.example"):
            self.assertEqual(get(dispatcher, Host=host).status, 200, host)


class AdminTest(wire.TestCase):
    def start_guarded(self, *arguments):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        token_file = pathlib.Path(folder.name) / "token"
        token_file.write_text(TOKEN + "\n")
        token_file.chmod(0o600)
        self.worker = self.start_null_worker()
        return self.start_dispatcher("--admin-token-file", token_file, *arguments,
                                     workers=[self.worker])

    def assert_hidden(self, response):
        everything = response.text + str(response.headers)
        self.assertNotIn(str(self.worker.port), everything)
        self.assertNotIn("in rotation", everything)

    def test_without_the_token_the_workers_are_hidden(self):
        dispatcher = self.start_guarded()
        for path, status in (("/", 200), ("/readyz", 200), ("/healthz", 200), ("/nothing", 404),
                             ("/add/127.0.0.1:1", 401), (f"/del/{self.worker.address}", 401),
                             ("/add?address=127.0.0.1:1", 401), ("/add/nonsense", 401)):
            response = get(dispatcher, path)
            self.assertEqual(response.status, status, path)
            if path != f"/del/{self.worker.address}":
                self.assert_hidden(response)
            self.assertEqual(response.headers["WWW-Authenticate"], "Bearer" if status == 401 else None)
        self.assert_hidden(get(dispatcher, Host="evil.example"))
        self.assert_hidden(support.upload(dispatcher.port, b""))
        response = support.upload(dispatcher.port, IMAGE_FILE)
        self.assertEqual((response.status, len(support.result_rows(response.text))), (200, 5))
        self.assert_hidden(response)
        self.worker.kill()
        response = support.upload(dispatcher.port, IMAGE_FILE)
        self.assertEqual(response.status, 503)
        self.assert_hidden(response)
        self.assert_hidden(get(dispatcher, "/readyz"))

    def test_sign_in_by_header(self):
        dispatcher = self.start_guarded()
        for wrong in ("Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN):
            self.assertEqual(reason(get(dispatcher, "/add/127.0.0.1:1", Authorization=wrong)),
                             (401, "token_needed"), wrong)
        right = f"Bearer {TOKEN}"
        self.assertEqual(get(dispatcher, "/add/127.0.0.1:1", Authorization=right).status, 200)
        self.assertIn(self.worker.address, get(dispatcher, Authorization=right).text)
        self.assertEqual(get(dispatcher, "/del/127.0.0.1:1", Authorization=right).status, 200)

    def sign_in(self, dispatcher, token):
        return support.request(dispatcher.port, "/sign-in", "POST",
                               body="token=" + token.replace(" ", "+"),
                               headers={"Content-Type": "application/x-www-form-urlencoded",
                                        "Sec-Fetch-Site": "same-origin"})

    def test_sign_in_on_the_page(self):
        dispatcher = self.start_guarded()
        self.assertIn('action="/sign-in"', get(dispatcher).text)
        self.assertEqual(reason(self.sign_in(dispatcher, "wrong")), (401, "token_needed"))
        response = self.sign_in(dispatcher, TOKEN)
        self.assertEqual(response.status, 303)
        attributes = response.headers["Set-Cookie"].split("; ")
        self.assertLessEqual({"HttpOnly", "SameSite=Strict", "Path=/"}, set(attributes))
        cookie = attributes[0]
        self.assertNotIn(TOKEN, cookie)
        self.assertIn(self.worker.address, get(dispatcher, Cookie=cookie).text)
        self.assertEqual(get(dispatcher, "/add/127.0.0.1:1", Cookie=cookie).status, 200)
        # The cookie doesn't let another site's page change anything.
        self.assertEqual(reason(get(dispatcher, "/del/127.0.0.1:1", Cookie=cookie,
                                    Sec_Fetch_Site="cross-site")), (403, "cross_site"))
        support.request(dispatcher.port, "/sign-out", "POST", headers={"Cookie": cookie})
        self.assert_hidden(get(dispatcher, Cookie=cookie))

    def test_guessing_is_slowed_down(self):
        dispatcher = self.start_guarded("--trusted-proxy", "127.0.0.1")
        seen = [reason(get(dispatcher, "/add/127.0.0.1:1", Authorization=f"Bearer {guess}"))
                for guess in range(12)]
        self.assertEqual(seen[0], (401, "token_needed"))
        self.assertEqual(seen[-1], (429, "sign_in_limit"))
        # Other clients are not slowed down.
        self.assertEqual(get(dispatcher, "/add/127.0.0.1:1", Authorization=f"Bearer {TOKEN}",
                             X_Forwarded_For="192.0.2.7").status, 200)


class ClientLimitTest(wire.TestCase):
    """Limits on the concurrent uploads of one client. Trusted proxies report which client a request comes from."""

    LIMIT = 2

    def start_held(self, *arguments):
        release = threading.Event()
        worker = wire.ScriptedWorker(on_image=lambda peer: release.wait(wire.TIMEOUT_S))
        self.addCleanup(worker.stop)
        dispatcher = self.start_dispatcher("--requests-per-client-max", self.LIMIT, *arguments,
                                           workers=[worker.address])
        pool = concurrent.futures.ThreadPoolExecutor(16)
        self.addCleanup(pool.shutdown)
        self.addCleanup(release.set)

        def hold(**fields):
            """Sends one more upload, which is not answered before the release."""
            arrived = worker.images
            upload = pool.submit(self.upload, dispatcher, **fields)
            support.wait_until(lambda: worker.images > arrived or upload.done(), "an upload")
            self.assertFalse(upload.done(), upload.done() and upload.result().text)
            return upload

        return dispatcher, hold, release

    def upload(self, dispatcher, **fields):
        return support.upload(dispatcher.port, IMAGE_FILE, headers={
            name.replace("_", "-"): value for name, value in fields.items()})

    def assert_limited(self, response):
        self.assertEqual(reason(response), (429, "client_limit"))
        self.assertTrue(response.headers["Retry-After"])

    def test_clients_behind_a_trusted_proxy_are_counted_separately(self):
        dispatcher, hold, release = self.start_held("--trusted-proxy", "127.0.0.0/8")
        held = [hold(X_Forwarded_For="192.0.2.1") for _ in range(self.LIMIT)]
        self.assert_limited(self.upload(dispatcher, X_Forwarded_For="192.0.2.1"))
        # A client gains nothing by putting addresses to the left of the proxy's, or by using the other field.
        self.assert_limited(self.upload(dispatcher, X_Forwarded_For="203.0.113.9, 192.0.2.1"))
        self.assert_limited(self.upload(dispatcher, X_Forwarded_For="192.0.2.1, 127.0.0.9"))
        self.assert_limited(self.upload(dispatcher, Forwarded="for=192.0.2.1;proto=https"))
        held.append(hold(X_Forwarded_For="192.0.2.2"))
        held += [hold(Forwarded='for="[2001:db8::1]:4711"') for _ in range(self.LIMIT)]
        # A whole /64 counts as one client, because a household gets that many addresses.
        self.assert_limited(self.upload(dispatcher, Forwarded='for="[2001:db8::2]"'))
        release.set()
        self.assertEqual({upload.result().status for upload in held}, {200})
        self.assertEqual(self.upload(dispatcher, X_Forwarded_For="192.0.2.1").status, 200)

    def test_peers_that_are_not_trusted_proxies_are_not_believed(self):
        dispatcher, hold, _ = self.start_held("--trusted-proxy", "127.0.0.9")
        for number in range(self.LIMIT):
            hold(X_Forwarded_For=f"192.0.2.{number}", Forwarded=f"for=192.0.2.{number}")
        self.assert_limited(self.upload(dispatcher, X_Forwarded_For="192.0.2.99"))
        self.assert_limited(self.upload(dispatcher, Forwarded="for=192.0.2.99"))

    def test_an_address_with_all_its_connections_closes_its_own_idle_one(self):
        dispatcher = self.start_dispatcher("--connections-per-peer-max", 3)
        crowd = [self.connect(dispatcher.port, "127.0.0.2") for _ in range(3)]
        for peer in crowd:
            peer.send(wire.http_head("GET", "/healthz"))
            self.assertEqual(wire.read_response(peer)[0], 200)
        one_more = self.connect(dispatcher.port, "127.0.0.2")
        one_more.send(wire.http_head("GET", "/healthz"))
        self.assertEqual(wire.read_response(one_more)[0], 200)
        support.wait_until(crowd[0].is_ended, "the end of the longest idle connection")
        for peer in crowd[1:]:
            peer.send(wire.http_head("GET", "/healthz"))
            self.assertEqual(wire.read_response(peer)[0], 200)
        self.assertEqual(get(dispatcher).status, 200)


class HostileInputTest(wire.TestCase):
    def test_file_names_and_header_fields_are_escaped(self):
        dispatcher = self.start_dispatcher(workers=[self.start_null_worker()])
        hostile = "<script>alert(1)</script>&'.png"
        response = support.upload(dispatcher.port, IMAGE_FILE, hostile)
        self.assertEqual(response.status, 200, response.text)
        self.assertNotIn("<script>alert", response.text)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;&amp;", response.text)
        for path in ("/add/%3Cscript%3Ealert(1)%3C/script%3E", "/%3Cscript%3Ealert(1)",
                     "/add?address=%3Cscript%3Ealert(1)"):
            text = get(dispatcher, path).text
            self.assertNotIn("<script>alert", text, path)
        response = get(dispatcher, Host="<script>alert(1)")
        self.assertNotIn("<script>alert", response.text)
        for answered in (response, get(dispatcher), get(dispatcher, "/nothing")):
            policy = answered.headers["Content-Security-Policy"]
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("unsafe-inline", policy)
            self.assertEqual(answered.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(re.findall(r"<script(?![^>]* src=)[^>]*>|\son\w+=|style=", answered.text),
                             [])

    def test_labels_of_a_hostile_worker_are_escaped(self):
        worker = wire.ScriptedWorker(hello={"model": "<script>alert(2)"})
        worker.labels = ["<script>alert(3)", '"><img src=x onerror=alert(4)>', "&lt;", "a\u202eb", "c"]
        self.addCleanup(worker.stop)
        dispatcher = self.start_dispatcher(workers=[worker.address])
        response = support.upload(dispatcher.port, IMAGE_FILE)
        self.assertEqual(response.status, 200, response.text)
        for shown in (response.text, get(dispatcher).text):
            self.assertNotIn("<script>alert", shown)
            self.assertNotIn("<img src=x", shown)

    def test_oversized_requests_are_refused(self):
        dispatcher = self.start_dispatcher("--image-bytes-max", 100000, "--form-bytes-max", 100000,
                                           workers=[self.start_null_worker()])
        cases = [
            ("a long path", b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
            ("a long field", wire.http_head("GET", Cookie="a" * 20000), 431),
            ("many fields", wire.http_head("GET", **{f"X_{n}": "a" for n in range(3000)}), 431),
            ("a header without end", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10000, 431),
            ("an announced body", wire.http_head(Content_Type="multipart/form-data; boundary=x",
                                                 Content_Length=1 << 40), 413),
            ("a length beyond any integer", wire.http_head(Content_Length="9" * 40), 400),
            ("a body of a GET", wire.http_head("GET", Content_Length=1 << 30), 413),
            ("a chunked body", wire.http_head(Content_Type="multipart/form-data; boundary=x",
                                              Transfer_Encoding="chunked")
             + b"186A0\r\n" + b"a" * 100000 + b"\r\n186A0\r\n" + b"a" * 100000, 413),
            ("an image", b"".join(wire.http_upload(bytes(100001))), 413),
        ]
        for what, sent, status in cases:
            with self.subTest(what):
                peer = self.connect(dispatcher.port)
                try:
                    peer.send(sent)
                except wire.Gone:
                    pass
                answered, fields, _ = wire.read_response(peer)
                self.assertEqual(answered, status, fields)
                self.assertIn("Samoyed-Reason: ", fields)
        self.assertEqual(support.upload(dispatcher.port, bytes(100000)).status, 200)

    def test_broken_framing_is_an_error_of_its_own_whatever_else_is_wrong(self):
        dispatcher = self.start_dispatcher()
        chunked = {"Transfer_Encoding": "chunked"}
        for what, head in (("a wrong type", wire.http_head(Content_Type="text/plain", **chunked)),
                           ("no such path", wire.http_head("POST", "/nowhere", **chunked)),
                           ("no body wanted", wire.http_head("GET", **chunked))):
            with self.subTest(what):
                peer = self.connect(dispatcher.port)
                peer.send(head + b"nonsense\r\n")
                answered, fields, _ = wire.read_response(peer)
                self.assertEqual(answered, 400, fields)
                self.assertIn("Samoyed-Reason: bad_request", fields)

    def test_random_bytes_on_the_web_port(self):
        dispatcher = self.start_dispatcher(workers=[self.start_null_worker()])
        for sent in (TLS_HELLO, BINARY, bytes(4096), b"\r\n" * 2000, wire.message(b"hello"),
                     os.urandom(1000) + b"\r\n\r\n"):
            peer = self.connect(dispatcher.port)
            try:
                peer.send(sent)
                peer.socket.shutdown(socket.SHUT_WR)
            except (wire.Gone, OSError):
                pass
            answer = peer.receive_rest()
            self.assertRegex(answer[:14], rb"^(HTTP/1\.1 4\d\d |HTTP/1\.1 50[15] |$)", sent[:40])
        self.assertEqual(support.upload(dispatcher.port, IMAGE_FILE).status, 200)


if __name__ == "__main__":
    support.main()
