"""TLS between dispatcher and workers (--worker-tls-ca, -cert, -key): real programs and real certificates."""

import concurrent.futures
import json
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import support
from certificates import Authority  # in scripts/lib

IMAGE = b"some bytes that a null worker answers"
PROBES = ("--probe-pause-ms", 100, "--probe-pause-max-ms", 200, "--idle-probe-interval-ms", 200)
ROTATIONS = 5
CLIENTS = 4


class TlsCase(support.ProgramTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.authority = Authority(folder.name)
        self.worker_files = self.authority.issue("worker")
        self.dispatcher_files = self.authority.issue("dispatcher")

    def strange_files(self, name):
        """Files of a program that trusts our authority but has a certificate of another one."""
        return Authority(self.authority.folder, f"other-{name}").issue(name, trusts=self.authority)

    def start_tls_worker(self, *arguments, files=None, **options):
        return self.start_null_worker(*(files or self.worker_files).options, *arguments, **options)

    def start_tls_dispatcher(self, *arguments, files=None, **options):
        return self.start_dispatcher(*(files or self.dispatcher_files).options, *PROBES, *arguments, **options)

    def upload(self, dispatcher):
        return support.upload(dispatcher.port, IMAGE).status

    def worker_rows(self, dispatcher):
        return json.loads(support.request(dispatcher.port, "/api/v1/workers").body)["workers"]

    def metrics(self, dispatcher):
        return support.request(dispatcher.port, "/metrics").text

    def metric(self, text, name, **labels):
        wanted = ",".join(f'{key}="{value}"' for key, value in labels.items())
        series = re.escape(name + (f"{{{wanted}}}" if wanted else ""))
        return float(re.search(rf"^{series} (\S+)$", text, re.MULTILINE)[1])

    def wait_for_log(self, program, text):
        support.wait_until(lambda: text in program.log.text(), f"the log to say {text!r}")


class EncryptedTest(TlsCase):
    def test_images_are_recognized_over_tls(self):
        worker = self.start_tls_worker()
        dispatcher = self.start_tls_dispatcher(workers=[worker, f"localhost:{worker.port}"])
        for _ in range(4):
            self.assertEqual(self.upload(dispatcher), 200)
        self.assertEqual({row["state"] for row in self.worker_rows(dispatcher)}, {"in_rotation"})
        for program, files in ((worker, self.worker_files), (dispatcher, self.dispatcher_files)):
            self.assertIn(f"TLS with the certificate {files.certificate}, which expires on 20", program.log.text())
        text = self.metrics(dispatcher)
        self.assertGreaterEqual(self.metric(text, "samoyed_tls_handshakes_total"), 2)
        self.assertEqual(self.metric(text, "samoyed_tls_failures_total", reason="untrusted"), 0)
        days = (self.metric(text, "samoyed_tls_certificate_expiry_timestamp_seconds") - time.time()) / 86400
        self.assertTrue(29 < days <= 30, days)

    def test_nothing_of_an_image_is_readable_on_the_wire(self):
        worker = self.start_tls_worker()
        seen = []
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def pump(source, target):
            while data := source.recv(65536):
                seen.append(data)
                target.sendall(data)

        def relay():
            while True:
                try:
                    client = listener.accept()[0]
                except OSError:
                    return
                server = socket.create_connection(("127.0.0.1", worker.port))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

        threading.Thread(target=relay, daemon=True).start()
        dispatcher = self.start_tls_dispatcher(workers=[f"127.0.0.1:{listener.getsockname()[1]}"])
        self.assertEqual(self.upload(dispatcher), 200)
        wire = b"".join(seen)
        self.assertGreater(len(wire), 1000)
        for plain in (b"hello", b"D ", b'"model"', b'"top"'):
            self.assertNotIn(plain, wire)

    def run_clientsocket(self, worker, *options):
        """Returns its status, and what it writes to standard error."""
        image = self.authority.folder / "image.png"
        image.write_bytes(IMAGE)
        done = subprocess.run([support.bin_dir() / "clientsocket", "--worker", worker.address, *options, image],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    def test_clientsocket_uses_tls(self):
        worker = self.start_tls_worker()
        status, text = self.run_clientsocket(worker, *self.dispatcher_files.options)
        self.assertEqual(status, 0, text)
        strange = self.strange_files("client")
        status, text = self.run_clientsocket(worker, *strange.options)
        self.assertEqual(status, 1)
        self.assertIn(f"it refused --worker-tls-cert ({strange.certificate})", text)
        status, text = self.run_clientsocket(worker)
        self.assertEqual(status, 1)
        self.assertIn("it speaks only TLS; use --worker-tls-ca", text)

    def test_plain_text_needs_the_workers_address(self):
        plain = self.start_null_worker()
        encrypted = self.start_tls_worker()
        dispatcher = self.start_tls_dispatcher("--worker-plain", plain.address, workers=[plain, encrypted])
        for _ in range(4):
            self.assertEqual(self.upload(dispatcher), 200)
        self.assertEqual([row["done"] for row in self.worker_rows(dispatcher)], [2, 2])
        self.assertIn("it speaks only TLS", self.ejected_because(self.start_dispatcher(
            *PROBES, "--worker", encrypted.address)))

    def ejected_because(self, dispatcher):
        """The reason in the list of workers, which the log has too. No image must be sent for it."""
        support.wait_until(lambda: "removed worker" in dispatcher.log.text(), "the worker's ejection")
        why = re.search(r"removed worker \S+: (.*)", dispatcher.log.text())[1]
        self.assertEqual(self.upload(dispatcher), 503)
        return why

    def test_what_is_wrong_is_named_on_both_sides(self):
        """Each case: the worker's options, the dispatcher's files, what each log says."""
        strange_worker = self.strange_files("strange-worker")
        strange_dispatcher = self.strange_files("strange-dispatcher")
        elsewhere = self.authority.issue("elsewhere", names="DNS:example.org")
        ca = self.authority.ca
        cases = {
            "a worker of another authority": (
                strange_worker.options, self.dispatcher_files,
                f"its certificate isn't signed by one of --worker-tls-ca ({ca})",
                f"it refused --worker-tls-cert ({strange_worker.certificate}), because its --worker-tls-ca has no"),
            "a dispatcher of another authority": (
                self.worker_files.options, strange_dispatcher,
                f"it refused --worker-tls-cert ({strange_dispatcher.certificate}), because its --worker-tls-ca has no",
                f"its certificate isn't signed by one of --worker-tls-ca ({ca})"),
            "a worker with another name": (
                elsewhere.options, self.dispatcher_files,
                "its certificate is for another name or address", f"it refused --worker-tls-cert ({elsewhere.certificate})"),
            "a worker without TLS": ((), self.dispatcher_files, "it closed the connection during the TLS handshake", ""),
        }
        for name, (options, files, dispatcher_says, worker_says) in cases.items():
            with self.subTest(name):
                worker = self.start_null_worker(*options)
                dispatcher = self.start_tls_dispatcher(files=files, workers=[worker])
                self.assertIn(dispatcher_says, self.ejected_because(dispatcher))
                self.wait_for_log(worker, worker_says)

    def test_a_client_without_tls_is_named_and_gets_nothing(self):
        worker = self.start_tls_worker("--metrics-port", "0")
        with socket.create_connection(("127.0.0.1", worker.port), support.HTTP_TIMEOUT_S) as client:
            client.sendall(b"D hello -0533")
            answer = b""
            while data := client.recv(4096):
                answer += data
        self.assertNotIn(b"model", answer)
        self.wait_for_log(worker, "it doesn't speak TLS; start it with --worker-tls-ca")
        port = int(re.search(r"metrics on http://127\.0\.0\.1:(\d+)/metrics", worker.log.text())[1])
        text = support.request(port, "/metrics").text
        self.assertEqual(self.metric(text, "samoyed_worker_tls_failures_total", reason="not_tls"), 1)

    def test_an_expired_peer_is_named(self):
        """Our programs don't start with an expired certificate, so another server plays the worker."""
        expired = self.authority.issue("expired", days=-1)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.start("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", expired.certificate, "-key",
                   expired.key, "-tls1_3", "-quiet")

        def accepts():
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return True
            except ConnectionRefusedError:
                return False

        support.wait_until(accepts, "openssl s_server to listen")
        dispatcher = self.start_tls_dispatcher(workers=[f"127.0.0.1:{port}"])
        self.assertIn("its certificate has expired", self.ejected_because(dispatcher))


class MetricsTest(TlsCase):
    def test_dashboard_and_alerts_use_the_metrics_that_there_are(self):
        worker = self.start_tls_worker("--metrics-port", "0")
        port = int(re.search(r"metrics on http://127\.0\.0\.1:(\d+)/metrics", worker.log.text())[1])
        dispatcher = self.start_tls_dispatcher(workers=[worker])
        name = re.compile(r"samoyed_(?:worker_)?tls_\w+")
        there = set(name.findall(self.metrics(dispatcher) + support.request(port, "/metrics").text))
        self.assertEqual(len(there), 8)
        dashboard = (support.SOURCE_DIR / "scripts" / "grafana" / "samoyed.json").read_text()
        alerts = (support.SOURCE_DIR / "packaging" / "prometheus" / "samoyed.rules.yml").read_text()
        # The dashboard writes `samoyed(_worker)?` for both programs' metrics.
        shown = set(re.findall(r"_tls_\w+", dashboard))
        self.assertEqual(shown, {"_tls_handshakes_total", "_tls_failures_total",
                                 "_tls_certificate_expiry_timestamp_seconds"})
        self.assertLessEqual({"samoyed" + metric for metric in shown}, there)
        self.assertLessEqual(set(name.findall(alerts)), there)
        self.assertIn("samoyed_tls_failures_total", alerts)

    @unittest.skipUnless(support.promtool(), "promtool is missing (scripts/fetch-promtool)")
    def test_promtool_accepts_metrics_and_alerts(self):
        metrics = self.metrics(self.start_tls_dispatcher())
        rules = support.SOURCE_DIR / "packaging" / "prometheus" / "samoyed.rules.yml"
        for command, given in ((["check", "metrics"], metrics), (["check", "rules", rules], None)):
            checked = subprocess.run([support.promtool(), *command], input=given, check=False, capture_output=True,
                                     text=True)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


class StartTest(TlsCase):
    def refusal(self, files, program="samoyed-worker"):
        arguments = ["127.0.0.1", "0", "--model", "null"] if program == "samoyed-worker" else ["--port", "0"]
        ended = subprocess.run([support.bin_dir() / program, *arguments, *files.options], capture_output=True, text=True,
                               timeout=support.HTTP_TIMEOUT_S, check=False)
        self.assertEqual(ended.returncode, 2, ended.stderr)
        return ended.stderr

    def test_programs_dont_start_with_unusable_files(self):
        programs = ["samoyed-dispatcher"] + (["samoyed-worker"] if support.has_worker() else [])
        expired = self.authority.issue("expired", days=-1)
        missing = self.authority.issue("missing")
        missing.key.unlink()
        for program in programs:
            with self.subTest(program):
                self.assertRegex(self.refusal(expired, program), rf"{expired.certificate} \(--worker-tls-cert\) expired on")
                self.assertIn(f"can't read {missing.key} (--worker-tls-key): No such file", self.refusal(missing, program))

    def test_a_certificate_that_expires_soon_causes_a_warning(self):
        soon = self.authority.issue("soon", days=6)
        dispatcher = self.start_tls_dispatcher(files=soon)
        self.assertRegex(dispatcher.log.text(), rf"warning.*{soon.certificate}, which must be replaced: it expires on")


class ReloadTest(TlsCase):
    def test_rotation_under_load_loses_nothing(self):
        """All certificates are replaced again and again, in workers that are confined."""
        workers = [self.start_tls_worker("--sandbox-kill") for _ in range(2)]
        dispatcher = self.start_tls_dispatcher(workers=workers)
        stop = threading.Event()

        def send():
            statuses = []
            while not stop.is_set():
                statuses.append(self.upload(dispatcher))
            return statuses

        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(send) for _ in range(CLIENTS)]
            try:
                for round_number in range(1, ROTATIONS + 1):
                    for name, programs in (("worker", workers), ("dispatcher", [dispatcher])):
                        self.authority.issue(name, days=30 + round_number)
                        for program in programs:
                            program.send(signal.SIGHUP)
                            support.wait_until(
                                lambda program=program, count=round_number + 1:
                                program.log.text().count("TLS with the certificate") == count, "a reload")
            finally:
                stop.set()
            statuses = [status for client in clients for status in client.result()]
        self.assertGreater(len(statuses), ROTATIONS)
        self.assertEqual(set(statuses), {200})
        self.assertNotIn("removed worker", dispatcher.log.text())

    def test_new_connections_use_the_new_certificates(self):
        worker = self.start_tls_worker()
        # From now on, the worker trusts only an authority that the dispatcher's certificate isn't of.
        Authority(self.authority.folder, "other").ca.replace(self.worker_files.ca)
        worker.send(signal.SIGHUP)
        support.wait_until(lambda: worker.log.text().count("TLS with the certificate") == 2, "a reload")
        dispatcher = self.start_tls_dispatcher(workers=[worker])
        support.wait_until(lambda: "removed worker" in dispatcher.log.text(), "the worker's ejection")

    def test_unusable_files_leave_the_former_in_use(self):
        worker = self.start_tls_worker()
        dispatcher = self.start_tls_dispatcher(workers=[worker])
        for program, files in ((worker, self.worker_files), (dispatcher, self.dispatcher_files)):
            files.certificate.write_text("not a certificate")
            program.send(signal.SIGHUP)
            self.wait_for_log(program, f"the former certificates stay in use: {files.certificate}")
        late = self.start_tls_dispatcher(files=self.authority.issue("late"), workers=[worker])
        for target in (dispatcher, late):
            self.assertEqual(self.upload(target), 200)
        self.assertEqual(self.metric(self.metrics(dispatcher), "samoyed_tls_reload_failures_total"), 1)

    @unittest.skipIf(support.is_sanitized(), "builds with sanitizers confine nothing")
    def test_a_confined_worker_reads_only_the_folder_of_its_certificates(self):
        worker = self.start_tls_worker()
        self.assertRegex(worker.log.text(), r"sandbox (full|partial): .*no files but those of certificates")


if __name__ == "__main__":
    support.main()
