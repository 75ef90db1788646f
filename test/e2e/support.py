"""Helpers for the end-to-end tests: the environment, running programs, HTTP.

A test file is one CTest entry. /usr/bin/python3 runs it with these environment variables, which test/CMakeLists.txt
sets: SAMOYED_BIN_DIR, SAMOYED_MODEL (a file, or `null` for workers without a network), SAMOYED_SHARED_DIR (empty if
the folder is missing), SAMOYED_SAMPLE_DIR, SAMOYED_SOURCE_DIR, SAMOYED_SANITIZE (the sanitizers of the build, or empty)
and SAMOYED_WITHOUT_WORKER (1 if the build has no samoyed-worker, otherwise empty). A test file looks like this:

    import support

    class UploadTest(support.ProgramTestCase):
        def test_dog_is_a_samoyed(self):
            worker = self.start_worker()
            dispatcher = self.start_dispatcher(workers=[worker])
            response = support.upload(dispatcher.port, support.sample("chelsea.png"))
            self.assertEqual(response.status, 200)
            self.assertEqual(support.result_rows(response.text)[0][0], "Egyptian cat")

    if __name__ == "__main__":
        support.main()

A file that needs ../shared calls `support.require_shared()` before its test cases. If the folder is missing, the whole
file is then skipped, and CTest lists it as skipped. A test that starts a worker is skipped if the build has no
samoyed-worker. A file whose tests all need a worker calls `support.require_worker()`.
"""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import time
import unittest
import uuid

SOURCE_DIR = pathlib.Path(os.environ.get("SAMOYED_SOURCE_DIR")
                          or pathlib.Path(__file__).resolve().parents[2])
sys.path.insert(0, str(SOURCE_DIR / "scripts" / "lib"))
from programs import Program, READY_TIMEOUT_S, STOP_TIMEOUT_S  # noqa: E402  pylint: disable=wrong-import-position
from result_page import result_rows  # noqa: E402,F401  pylint: disable=wrong-import-position

# The exit status that means "skipped" to CTest (SKIP_RETURN_CODE).
SKIPPED = 77
SANITIZER_REPORT = re.compile(r"(ERROR|WARNING): \w+Sanitizer|: runtime error: ")

# A generous limit, because a test must not fail on a loaded machine. It doesn't measure speed.
HTTP_TIMEOUT_S = 60
# The longest that one test may take, with its `setUp` and cleanups. Well below CTest's timeout for the file.
TEST_TIMEOUT_S = (240 * (3 if os.environ.get("SAMOYED_SANITIZE") else 1)
                  * int(os.environ.get("SAMOYED_TEST_WAIT_FACTOR") or 1))


def _folder(variable, fallback):
    return pathlib.Path(os.environ.get(variable) or fallback)


def bin_dir():
    """The folder of the built programs."""
    return _folder("SAMOYED_BIN_DIR", SOURCE_DIR / "build" / "release" / "bin")


def model():
    """The model to start workers with: a file, or the word `null`."""
    named = os.environ.get("SAMOYED_MODEL")
    if named:
        return pathlib.Path(named)
    trained = SOURCE_DIR / "models" / "squeezenet1_1.pth"
    return trained if trained.exists() else SOURCE_DIR / "models" / "untrained.pth"


def model_is_null():
    """Whether workers run without a network. Their answers then depend only on the image's bytes."""
    return str(model()) == "null"


def model_is_trained():
    """False for workers without a network, and for the untrained model that scripts/fetch-model makes if it can't
    get the weights."""
    return not model_is_null() and b"samoyed.untrained" not in model().read_bytes()


def has_worker():
    """False for a build without samoyed-worker (SAMOYED_BUILD_WORKER=OFF)."""
    return not os.environ.get("SAMOYED_WITHOUT_WORKER")


WITHOUT_WORKER = "needs samoyed-worker, which this build leaves out (SAMOYED_BUILD_WORKER=OFF)"
# For a test case that runs samoyed-worker without ProgramTestCase.
needs_worker = unittest.skipUnless(has_worker(), WITHOUT_WORKER)

# For a test case that depends on an image's content, or on whether the bytes are an image.
needs_decoding = unittest.skipIf(model_is_null(), "needs workers that decode images, not --model null")


def sample_path(name):
    """The path of a sample photograph, `chelsea.png` or `coffee.png`."""
    return _folder("SAMOYED_SAMPLE_DIR", SOURCE_DIR / "build" / "sample") / name


def sample(name):
    """The bytes of a sample photograph."""
    return sample_path(name).read_bytes()


def promtool():
    """The program that checks the output of /metrics; None if it isn't installed."""
    return shutil.which("promtool", path=f"{SOURCE_DIR / 'build' / 'tools'}{os.pathsep}{os.environ['PATH']}")


def shared_dir():
    """The folder ../shared, or None if it is missing."""
    named = os.environ.get("SAMOYED_SHARED_DIR")
    return pathlib.Path(named) if named and os.path.isdir(named) else None


def _skip_file(reason):
    print(f"{pathlib.Path(sys.argv[0]).name}: skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def require_shared():
    """Returns the folder ../shared. Skips the whole test file if the folder is missing."""
    return shared_dir() or _skip_file("needs ../shared, which is missing")


def require_worker():
    """Skips the whole test file if the build has no samoyed-worker."""
    if not has_worker():
        _skip_file(WITHOUT_WORKER)


def require_trained_model():
    """Skips the whole test file if there is no trained model."""
    if not model_is_trained():
        _skip_file("needs the trained model, but the tests run with an untrained one or with null")


def is_sanitized():
    """Whether the programs are built with sanitizers, which make them slower."""
    return bool(os.environ.get("SAMOYED_SANITIZE"))


def require_release_build():
    """Skips the whole test file in builds with sanitizers, because it tests scripts, which support only the preset
    `release`."""
    if is_sanitized():
        _skip_file("tests scripts, which run only the programs of the preset release")


class ProgramTestCase(unittest.TestCase):
    """A test case that ends its programs after the test, and prints their logs if the test failed."""

    def run(self, result=None):
        self._programs = []
        result = result or self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            for program in self._programs:
                print(program.report(), file=sys.stderr, flush=True)

    def start(self, *command, **options):
        """Starts a program without waiting for anything. The options are those of Program. Skips the test if the
        program is samoyed-worker and the build has none."""
        if not has_worker() and any(str(part).endswith("/samoyed-worker") for part in command):
            self.skipTest(WITHOUT_WORKER)
        program = Program(*command, **options)
        self._programs.append(program)
        self.addCleanup(self._end, program)
        return program

    def _end(self, program):
        program.kill()
        program.log.wait_for_end(STOP_TIMEOUT_S)
        # If a sanitizer ended the program, the test may have mistaken that for its own kill.
        self.assertNotRegex(program.log.text(), SANITIZER_REPORT)

    def start_worker(self, *arguments, address="127.0.0.1", port=0, **other):
        """Starts a worker and waits until it listens, by default on a free port and with the suite's model."""
        return self.start(bin_dir() / "samoyed-worker", address, port, "--model",
                          other.get("model", model()), *arguments).wait_until_ready()

    def start_null_worker(self, *arguments, port=0):
        """Starts a worker without a network. It answers immediately, and its answers depend only on the bytes."""
        return self.start(bin_dir() / "samoyed-worker", "127.0.0.1", port, "--model", "null",
                          *arguments).wait_until_ready()

    def start_dispatcher(self, *arguments, workers=(), port=0):
        """Starts a dispatcher with `workers` (programs that are ready, or HOST:PORT) and waits until it listens."""
        listed = []
        for worker in workers:
            listed += ["--worker", worker if isinstance(worker, str) else worker.address]
        return self.start(bin_dir() / "samoyed-dispatcher", "--port", port, *listed,
                          *arguments).wait_until_ready()


class Response:
    """An HTTP response, read completely."""

    def __init__(self, answer):
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()

    @property
    def text(self):
        return self.body.decode("utf-8", errors="replace")


def request(port, path="/", method="GET", body=None, headers=None, host="127.0.0.1",
            timeout_s=HTTP_TIMEOUT_S):
    """Sends one request on a new connection."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        return Response(connection.getresponse())
    finally:
        connection.close()


def multipart(content, file_name="image.png", field="file"):
    """Returns (body, content type) of a form with one file, as a browser sends it."""
    return multipart_of([(content, file_name)], field)


def multipart_of(files, field="file"):
    """Like `multipart`, but with several files, each a pair (content, file name)."""
    boundary = uuid.uuid4().hex
    parts = [f"--{boundary}\r\n"
             f'Content-Disposition: form-data; name="{field}"; filename="{file_name}"\r\n'
             "Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n"
             for content, file_name in files]
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def upload(port, content, file_name="image.png", headers=None, **options):
    """Sends the bytes of an image through the web form. The options are those of `request`."""
    body, content_type = multipart(content, file_name)
    return request(port, method="POST", body=body,
                   headers={"Content-Type": content_type, **(headers or {})}, **options)


def say_hello(port):
    """Returns the worker's reply to hello."""
    with socket.create_connection(("127.0.0.1", port), HTTP_TIMEOUT_S) as connection:
        connection.sendall(b"D hello -0533")
        text = b""
        while not re.search(rb" -\d{4}$", text):
            text += connection.recv(4096)
        return json.loads(text[2:-6])


def children(pid):
    """The process ids of the children of a process, of all its threads."""
    return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()]


def wait_until(condition, what, timeout_s=READY_TIMEOUT_S):
    """Waits until `condition()` is true. `what` is named in the error if the time runs out."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"timed out after {timeout_s} s waiting for: {what}")
        time.sleep(0.05)


class BoundedResult(unittest.TextTestResult):
    """Fails a test that takes too long, wherever it waits. The traceback of that error names the wait."""

    def startTest(self, test):
        super().startTest(test)
        signal.signal(signal.SIGALRM, self._give_up)
        signal.setitimer(signal.ITIMER_REAL, TEST_TIMEOUT_S)

    def stopTest(self, test):
        signal.setitimer(signal.ITIMER_REAL, 0)
        super().stopTest(test)

    @staticmethod
    def _give_up(*_):
        raise AssertionError(f"the test took longer than {TEST_TIMEOUT_S} s; this is what it was waiting for")


def main():
    """Runs the test cases of the calling file. Exits with status 77 if all of them were skipped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that atexit ends the programs
    runner = unittest.TextTestRunner(verbosity=2, resultclass=BoundedResult)
    result = unittest.main(module="__main__", exit=False, testRunner=runner).result
    for test, reason in result.skipped:
        print(f"{test.id()}: skipped: {reason}", flush=True)
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.testsRun == len(result.skipped) else 0)
