"""A steady load of requests for tests that restart programs meanwhile."""

import collections
import http.client
import json
import threading

import support

TIMEOUT_S = 60


class SteadyLoad:
    """Clients that send an upload or ask for a page again and again, half of them on one connection for all requests. Each
    has an image of its own, which must get the same labels each time."""

    CLIENTS = 8

    def __init__(self, port):
        self._port = port
        self._lock = threading.Lock()
        self._outcomes = collections.Counter()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True)
                         for number in range(self.CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _run(self, number):
        connection, labels = None, None
        while not self._stopped.is_set():
            if connection is None or number % 2:
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
            try:
                if number < self.CLIENTS // 2:
                    outcome, answered = self._upload(connection, b"the image of client %d" % number)
                    labels = labels or answered
                    if outcome == 200 and answered != labels:
                        outcome = "the labels of another image"
                else:
                    outcome, _ = self._send(connection, "GET", "/api/v1/models")
            except (OSError, http.client.HTTPException) as error:
                outcome, connection = repr(error), None
            with self._lock:
                self._outcomes[outcome] += 1

    def _upload(self, connection, image_file):
        status, body = self._send(connection, "POST", "/api/v1/classify", image_file, {"Content-Type": "image/png"})
        labels = [entry["label"] for entry in json.loads(body)["labels"]] if status == 200 else None
        return status, labels

    @staticmethod
    def _send(connection, *request):
        connection.request(*request)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def outcomes(self):
        """The number of requests that ended with each status, error or fault."""
        with self._lock:
            return dict(self._outcomes)

    def wait_for_more(self, count):
        """Waits until `count` more requests have ended."""
        wanted = sum(self.outcomes().values()) + count
        support.wait_until(lambda: sum(self.outcomes().values()) >= wanted, f"{count} more requests to end")

    def stop(self):
        self._stopped.set()
        for thread in self._threads:
            thread.join(TIMEOUT_S)
        return self.outcomes()
