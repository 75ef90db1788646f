"""Tests how the dispatcher's web port copes with probes, foreign requests and its end."""

import json
import signal
import socket
import unittest

import support


class ProbeTest(support.ProgramTestCase):
    def test_alive_and_ready_are_distinguished(self):
        dispatcher = self.start_dispatcher()
        alive = support.request(dispatcher.port, "/healthz")
        self.assertEqual((alive.status, alive.text), (200, "ok\n"))
        unready = support.request(dispatcher.port, "/readyz")
        self.assertEqual(unready.status, 503)
        self.assertEqual(unready.headers["Samoyed-Reason"], "no_active_worker")
        worker = self.start_worker()
        support.request(dispatcher.port, f"/add/{worker.address}")
        ready = support.request(dispatcher.port, "/readyz")
        self.assertEqual((ready.status, ready.text), (200, "ok\n"))

    def test_it_is_not_ready_after_the_last_worker_died(self):
        worker = self.start_worker()
        dispatcher = self.start_dispatcher(workers=[worker])
        self.assertEqual(support.request(dispatcher.port, "/readyz").status, 200)
        worker.send(signal.SIGKILL)
        worker.wait()
        refused = support.upload(dispatcher.port, support.sample("chelsea.png"))
        self.assertEqual(refused.headers["Samoyed-Reason"], "no_active_worker")
        self.assertTrue(refused.headers["Retry-After"])
        self.assertEqual(support.request(dispatcher.port, "/readyz").status, 503)


class ForeignRequestTest(support.ProgramTestCase):
    def test_other_names_other_sites_and_foreign_workers_are_refused(self):
        dispatcher = self.start_dispatcher(workers=["localhost:1"])
        for path, headers, status, reason in (
                ("/", {"Host": "evil.example"}, 421, "host_not_allowed"),
                ("/del/localhost:1", {"Sec-Fetch-Site": "cross-site"}, 403, "cross_site"),
                ("/del/localhost:1", {"Referer": "http://evil.example/"}, 403, "cross_site"),
                ("/add/203.0.113.7:80", {}, 403, "address_not_allowed"),
                ("/add/169.254.169.254:80", {}, 403, "address_not_allowed")):
            with self.subTest(path=path, headers=headers):
                response = support.request(dispatcher.port, path, headers=headers)
                self.assertEqual(response.status, status)
                self.assertEqual(response.headers["Samoyed-Reason"], reason)
        self.assertIn("localhost:1<", support.request(dispatcher.port).text)
        self.assertEqual(
            support.request(dispatcher.port, headers={"Host": socket.gethostname()}).status, 200)

    def test_adding_looks_the_same_whether_or_not_a_worker_listens(self):
        dispatcher = self.start_dispatcher()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            there = f"127.0.0.1:{listener.getsockname()[1]}"
            answers = [support.request(dispatcher.port, f"/add/{address}")
                       for address in (there, "127.0.0.1:1", "10.255.255.1:1", "no.such.host.example:1")]
            self.assertEqual({answer.status for answer in answers}, {200})
            # It is probed at once, which the list doesn't reveal.
            listener.settimeout(60)
            listener.accept()[0].close()
            listed = json.loads(support.request(dispatcher.port, "/api/v1/workers").text)["workers"]
            self.assertEqual([set(worker) for worker in listed],
                             [{"address", "model", "network", "source", "state"}] * 4)
            self.assertEqual({worker["source"] for worker in listed}, {"address"})
            self.assertEqual({worker["state"] for worker in listed}, {"unknown"})


class EndTest(support.ProgramTestCase):
    def test_sigterm_lets_an_upload_in_flight_finish(self):
        worker = self.start_worker()
        dispatcher = self.start_dispatcher(workers=[worker])
        body, content_type = support.multipart(support.sample("chelsea.png"))
        head = (f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        with socket.create_connection(("127.0.0.1", dispatcher.port), timeout=60) as client:
            client.sendall(head.encode() + body[:-1])
            # Once this later request is answered, the dispatcher has read the upload sent before it.
            support.request(dispatcher.port, "/healthz")
            dispatcher.send(signal.SIGTERM)
            dispatcher.log.wait_for("stopping")
            client.sendall(body[-1:])
            answer = b""
            while piece := client.recv(65536):
                answer += piece
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer[:200])
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertEqual(dispatcher.wait(), 0)


if __name__ == "__main__":
    support.main()
