"""Signing in where a visitor may meet another dispatcher at every request: all with the same admin token accept it."""

import http.cookiejar
import pathlib
import tempfile
import urllib.error
import urllib.parse
import urllib.request

import support

TOKEN = "correct horse battery staple"
OTHER_TOKEN = "another horse battery staple"


class Browser:
    """Keeps cookies for all dispatchers alike, as for one site behind a load balancer: cookies don't know ports."""

    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                                   urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, dispatcher, path="/", form=None):
        """Follows redirects, and returns status and page. Sends the fields of `form` as a POST."""
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(f"http://{dispatcher.address}{path}", data=data)
        try:
            with self._opener.open(request, timeout=support.HTTP_TIMEOUT_S) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def sign_in(self, dispatcher, token=TOKEN):
        return self.open(dispatcher, "/sign-in", {"token": token})

    def sign_out(self, dispatcher):
        return self.open(dispatcher, "/sign-out", {})

    def session_fields(self):
        """The header fields of a program that has copied the cookie."""
        return {"Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)}


class SignInTest(support.ProgramTestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def start_guarded(self, token=TOKEN, name="token", port=0):
        path = self.folder / name
        path.write_text(token + "\n", encoding="utf-8")
        path.chmod(0o600)
        return self.start_dispatcher("--admin-token-file", path, port=port)

    def assert_signed_in(self, browser, dispatcher, expected=True):
        status, page = browser.open(dispatcher)
        self.assertEqual(status, 200)
        self.assertEqual('action="/sign-out"' in page, expected)
        self.assertEqual('action="/sign-in"' in page, not expected)

    def test_signing_in_at_one_dispatcher_counts_at_the_others(self):
        first, second = self.start_guarded(), self.start_guarded()
        browser = Browser()
        self.assertEqual(browser.open(second, "/add/127.0.0.1:1")[0], 401)
        self.assertEqual(browser.sign_in(first)[0], 200)
        self.assertEqual(browser.open(second, "/add/127.0.0.1:1")[0], 200)
        self.assertIn("127.0.0.1:1", browser.open(second)[1])
        self.assert_signed_in(browser, first)
        copied = browser.session_fields()

        self.assertEqual(browser.sign_out(second)[0], 200)
        self.assertEqual(list(browser.cookies), [])
        for dispatcher in (first, second):
            self.assert_signed_in(browser, dispatcher, expected=False)
            self.assertEqual(browser.open(dispatcher, "/del/127.0.0.1:1")[0], 401)
        # The dispatcher where somebody signed out doesn't accept copies of the cookie either.
        self.assertEqual(support.request(second.port, "/del/127.0.0.1:1", headers=copied).status, 401)

    def test_a_restart_ends_no_session(self):
        dispatcher = self.start_guarded()
        browser = Browser()
        browser.sign_in(dispatcher)
        dispatcher.stop()
        self.assert_signed_in(browser, self.start_guarded(port=dispatcher.port))

    def test_a_dispatcher_with_another_token_does_not_accept_the_session(self):
        first, other = self.start_guarded(), self.start_guarded(OTHER_TOKEN, "other")
        browser = Browser()
        browser.sign_in(first)
        self.assert_signed_in(browser, other, expected=False)
        self.assertEqual(browser.open(other, "/add/127.0.0.1:1")[0], 401)
        self.assert_signed_in(browser, first)


if __name__ == "__main__":
    support.main()
