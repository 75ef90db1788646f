"""The proxies of docs/proxies.md, configured as that document says.

The document's configurations run unchanged but for ports, certificates and the dispatcher's address. Clients connect from
127.0.0.2, which is no trusted proxy.
"""

import contextlib
import http.client
import os
import pathlib
import json
import re
import socket
import ssl
import subprocess
import tempfile
import unittest

import support
from proxies import environment, find_program, free_port, require_program, substituted

DOCUMENT = support.SOURCE_DIR / "docs" / "proxies.md"
SITE = "www.example.org"
CLIENT = "127.0.0.2"
TIMEOUT_S = 60
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r' (?:href|src|action|data-numbers)="([^"]*)"')
# What a browser's page can't send, but other clients can.
FORGED = {"Forwarded": "for=203.0.113.7;host=evil.example;proto=http", "X-Forwarded-For": "203.0.113.7",
          "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil", "X-Forwarded-Proto": "http"}


def configuration(kind, number=0):
    """The document's block number `number` of a language."""
    blocks = [text for language, text in FENCE.findall(DOCUMENT.read_text(encoding="utf-8")) if language == kind]
    return blocks[number]


class ReverseProxyTest(support.ProgramTestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        self.base = ""

    def certify(self):
        """Makes a certificate for the site: fullchain.pem, privkey.pem, and both in site.pem."""
        chain, key = self.folder / "fullchain.pem", self.folder / "privkey.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={SITE}",
                        "-keyout", key, "-out", chain], check=True, capture_output=True, timeout=TIMEOUT_S)
        (self.folder / "site.pem").write_text(chain.read_text() + key.read_text())

    def start_site(self, *options):
        self.dispatcher = self.start_dispatcher(
            "--trusted-proxy", "127.0.0.1", "--allowed-host", SITE, "--data-dir", self.folder / "data", *options,
            workers=[self.start_null_worker()])

    def start_proxy(self, program, *arguments):
        self.start(require_program(self, program), *arguments, env=environment(self.folder))

        def answers():
            with contextlib.suppress(OSError):
                return self.ask("/healthz").status == 200
            return False

        support.wait_until(answers, f"{program} to answer")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def start_nginx(self, text):
        self.certify()
        text = substituted(text, ("listen 443", f"listen 127.0.0.1:{self.port}"), ("/etc/ssl/samoyed", self.folder),
                           ("127.0.0.1:9999", self.dispatcher.address))
        temporary = "".join(f"{kind}_temp_path {self.folder / kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        path = self.write("nginx.conf", f"{user}daemon off;\npid {self.folder / 'pid'};\nerror_log stderr;\n"
                          f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{text}}}\n")
        self.start_proxy("nginx", "-e", "stderr", "-c", path)

    def start_haproxy(self):
        self.certify()
        text = substituted(configuration("haproxy"), ("bind :443", f"bind 127.0.0.1:{self.port}"),
                           ("/etc/ssl/samoyed", self.folder), ("127.0.0.1:9999", self.dispatcher.address))
        self.start_proxy("haproxy", "-f", self.write("haproxy.cfg", text))

    def start_apache(self):
        self.certify()
        text = substituted(configuration("apache"), ("*:443", f"127.0.0.1:{self.port}"),
                           ("/etc/ssl/samoyed", self.folder), ("127.0.0.1:9999", self.dispatcher.address))
        program = find_program("apache2")
        modules = pathlib.Path(program or "/usr/sbin/apache2").parents[1] / "lib" / "apache2" / "modules"
        loads = "".join(f"LoadModule {name}_module {modules}/mod_{name}.so\n"
                        for name in ("mpm_event", "authz_core", "ssl", "headers", "proxy", "proxy_http"))
        path = self.write("apache.conf", f"{loads}ServerRoot {self.folder}\nPidFile {self.folder / 'pid'}\n"
                          f"DefaultRuntimeDir {self.folder}\nMutex pthread\nErrorLog /dev/stderr\nServerName {SITE}\n"
                          f"Listen 127.0.0.1:{self.port}\n{text}")
        self.start_proxy("apache2", "-D", "FOREGROUND", "-f", path)

    def start_caddy(self, number=0):
        text = substituted(configuration("caddyfile", number), ("127.0.0.1:9999", self.dispatcher.address))
        globals_ = ("{\nadmin off\nauto_https disable_redirects\nlocal_certs\nskip_install_trust\n"
                    f"https_port {self.port}\ndefault_bind 127.0.0.1\n}}\n")
        self.start_proxy("caddy", "run", "--adapter", "caddyfile", "--config", self.write("Caddyfile", globals_ + text))

    @contextlib.contextmanager
    def connection(self):
        """A TLS connection to the site."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S, (CLIENT, 0)) as plain:
            with context.wrap_socket(plain, server_hostname=SITE) as secured:
                yield secured

    def send(self, secured, path, method="GET", body=b"", headers=None):
        fields = {"Host": f"{SITE}:{self.port}", "User-Agent": "Mozilla/5.0", **(headers or {})}
        if body:
            fields["Content-Length"] = len(body)
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        secured.sendall(head.encode() + b"\r\n" + body)

    def ask(self, path, method="GET", body=b"", headers=None):
        with self.connection() as secured:
            self.send(secured, path, method, body, headers)
            answer = http.client.HTTPResponse(secured, method=method)
            answer.begin()
            return support.Response(answer)

    @property
    def origin(self):
        return f"https://{SITE}:{self.port}"

    def upload(self, path="/", **headers):
        body, content_type = support.multipart(b"x" * 2_000_000)
        return self.ask(self.base + path, "POST", body, {"Content-Type": content_type, **headers})

    def check_pages(self):
        """Checks that every address on every page begins with the base path and leads somewhere."""
        seen = set()
        for page in ("/", "/results", "/stats", "/api", "/nowhere"):
            response = self.ask(self.base + page)
            self.assertEqual(response.status, 404 if page == "/nowhere" else 200, page)
            links = set(LINK.findall(response.text)) - seen
            seen |= links
            for link in links:
                self.assertTrue(link.startswith("#") or link.startswith(self.base + "/"), link)
                if not link.startswith("#"):
                    # Forms may need POST (405) or a confirmation (403).
                    self.assertIn(self.ask(link.replace("&amp;", "&")).status, (200, 400, 403, 405), link)
        scripts = [link for link in seen if link.endswith("/app.js")]
        self.assertEqual(len(scripts), 1, seen)
        self.assertRegex(scripts[0], f"^{re.escape(self.base)}/assets/[0-9a-f]{{16}}/app\\.js$")
        document = json.loads(self.ask(self.base + "/api/openapi.json").text)
        self.assertEqual(document["servers"], [{"url": self.base or "/"}])

    def check_uploads(self):
        """Checks that the site's own page may upload, and no other one."""
        own = self.upload(Origin=self.origin)
        self.assertEqual(own.status, 200, own.text[:2000])
        cookie = own.headers["Set-Cookie"]
        self.assertIn(f"; Path={self.base or '/'};", cookie)
        self.assertIn("; Secure", cookie)
        self.assertEqual(self.upload("/api/v1/classify", Origin=self.origin).status, 200)
        for other in ("https://evil.example", f"https://{SITE}", f"https://{SITE}:{self.port + 1}"):
            self.assertEqual(self.upload(Origin=other).status, 403, other)
        # Caddy answers for an unknown site itself, with an empty page.
        self.assertNotIn("What is in the", self.ask(self.base + "/", headers={"Host": "evil.example"}).text)
        job = self.upload("/api/v1/jobs", Origin=self.origin)
        self.assertEqual(job.status, 202)
        self.assertEqual(self.ask(job.headers["Location"]).status, 200)
        href = json.loads(job.text)["jobs"][0]["href"]
        self.assertEqual(href, job.headers["Location"])

    def check_redirects(self):
        response = self.ask(self.base + "/add?address=%5B%3A%3A1%5D:1", headers={"Referer": self.origin + "/"})
        self.assertEqual(response.status, 303)
        location = response.headers["Location"].removeprefix(self.origin)
        self.assertEqual(location, self.base + "/add/[::1]:1")
        self.assertEqual(self.ask(location, headers={"Referer": self.origin + "/"}).status, 200)
        self.assertEqual(self.ask(self.base + "/del/%5B::1%5D:1", "POST", headers={"Origin": self.origin}).status, 200)

    def check_forged_fields(self):
        """Checks that a client can't pass for another one, nor change the site's addresses."""
        begin = len(self.dispatcher.log.lines())
        response = self.ask(self.base + "/?forged", headers=FORGED)
        self.assertEqual(response.status, 200, response.text[:2000])
        self.assertNotIn("/evil/", response.text)
        line = self.dispatcher.log.wait_for(r"\S+ through 127\.0\.0\.1:\d+ GET \S*\?forged", start=begin)
        self.assertTrue(line, self.dispatcher.log.text())
        self.assertEqual(line[0].split()[0], CLIENT)
        self.assertEqual(self.upload(Origin=self.origin, **FORGED).status, 200)
        self.assertEqual(self.upload(Origin="https://evil.example", **FORGED).status, 403)

    def check_streams(self):
        """Checks that events arrive as they happen."""
        with self.connection() as secured:
            self.send(secured, self.base + "/api/v1/workers/events")
            answer = http.client.HTTPResponse(secured)
            answer.begin()
            self.assertEqual(answer.status, 200)

            def wait_for(text):
                while text not in (line := answer.readline().decode()):
                    self.assertTrue(line, "the stream ended")

            wait_for("data: ")
            support.request(self.dispatcher.port, "/add/localhost:2")
            wait_for("localhost:2")

    def check_site(self):
        self.check_pages()
        self.check_uploads()
        self.check_redirects()
        self.check_forged_fields()
        self.check_streams()

    def test_nginx(self):
        self.start_site()
        self.start_nginx(configuration("nginx"))
        self.check_site()

    def test_haproxy(self):
        self.start_site()
        self.start_haproxy()
        self.check_site()

    def test_apache(self):
        self.start_site()
        self.start_apache()
        self.check_site()

    def test_caddy(self):
        self.start_site()
        self.start_caddy()
        self.check_site()

    def test_caddy_passes_on_the_whole_answer_to_a_rejected_upload(self):
        self.start_site()
        self.start_caddy()
        large = bytes(40 << 20)
        for path, kind, status in (("/", "image/png", 413), ("/nowhere", "multipart/form-data; boundary=b", 404)):
            for _ in range(5):
                response = self.ask(path, "POST", large, {"Content-Type": kind, "Accept": "text/html"})
                self.assertEqual(response.status, status)
                self.assertIn("</html>", response.text)

    def test_a_path_that_the_proxy_passes_on(self):
        self.start_site("--base-path", "/samoyed")
        self.base = "/samoyed"
        whole = configuration("nginx")
        block = re.compile(r"  location / \{.*?^  \}\n", re.MULTILINE | re.DOTALL)
        self.assertRegex(whole, block)
        # The proxy's own probe must reach the dispatcher too.
        health = "location = /healthz { proxy_pass http://127.0.0.1:9999; }\n"
        self.start_nginx(block.sub(lambda _: health + configuration("nginx", 1), whole))
        self.check_site()

    def test_a_path_that_the_proxy_removes(self):
        self.start_site()
        self.base = "/samoyed"
        self.start_caddy(1)
        self.check_site()

    def test_fields_of_a_peer_that_is_no_proxy_are_ignored(self):
        self.start_site()
        response = support.request(self.dispatcher.port, "/", headers={
            "Host": "localhost", "X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example"}, host="127.0.0.1")
        # 127.0.0.1 is the trusted proxy, so its word counts.
        self.assertEqual(response.status, 421)
        with socket.create_connection(("127.0.0.1", self.dispatcher.port), TIMEOUT_S, (CLIENT, 0)) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Prefix: /evil\r\n"
                         b"X-Forwarded-Host: evil.example\r\n\r\n")
            answer = http.client.HTTPResponse(peer)
            answer.begin()
            self.assertEqual(answer.status, 200)
            self.assertNotIn(b"/evil/", answer.read())


if __name__ == "__main__":
    support.main()
