#include "web/access/session_cookies.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/io/digest.hpp"

namespace samoyed::web {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t sign_in_ms = 1'800'000'000'000;

std::int64_t in_ms(std::chrono::milliseconds time) { return time.count(); }

const std::string session_id(32, 'a');

struct SessionCookiesTest {
  bool opens(std::string_view cookie, std::int64_t time_ms = sign_in_ms) const {
    return cookies.open(cookie, time_ms).has_value();
  }

  /// A cookie of any content, signed by the key that the class comment describes.
  std::string sealed(const std::string& payload) const {
    const std::string key = io::signature_hex("secret", "samoyed admin session cookie");
    return payload + "." + io::signature_hex(key, payload);
  }

  SessionCookies cookies{"secret"};
  const std::string cookie = cookies.issue(session_id, sign_in_ms);
};

TEST_CASE_METHOD(SessionCookiesTest, "a session cookie holds the session and its signature") {
  CHECK(cookie == sealed("1.1800000000000.1800043200000." + session_id));
  CHECK(cookie.size() == 95);
  const auto session = cookies.open(cookie, sign_in_ms);
  REQUIRE(session);
  CHECK(session->id == session_id);
  CHECK(session->signed_in_ms == sign_in_ms);
  CHECK(session->expires_ms == sign_in_ms + in_ms(SessionCookies::idle_max));
}

TEST_CASE_METHOD(SessionCookiesTest, "a session cookie that was changed anywhere is invalid") {
  for (std::size_t at = 0; at < cookie.size(); ++at) {
    std::string changed = cookie;
    changed[at] = changed[at] == '2' ? '3' : '2';
    INFO(changed);
    CHECK(!opens(changed));
    CHECK(!opens(cookie.substr(0, at)));
  }
  CHECK(!opens(cookie + "0"));
  CHECK(!opens(cookie + "."));
  CHECK(opens(cookie));
}

TEST_CASE_METHOD(SessionCookiesTest, "only cookies by the same token are valid") {
  CHECK(SessionCookies("secret").open(cookie, sign_in_ms));
  CHECK(!SessionCookies("another secret").open(cookie, sign_in_ms));
  CHECK(!SessionCookies("").open(cookie, sign_in_ms));
  cookies.set_token("another secret");
  CHECK(!opens(cookie));
  CHECK(opens(cookies.issue(session_id, sign_in_ms)));
}

TEST_CASE_METHOD(SessionCookiesTest, "the admin token itself doesn't sign session cookies") {
  const std::string payload = cookie.substr(0, cookie.rfind('.'));
  CHECK(!opens(payload + "." + io::signature_hex("secret", payload)));
}

TEST_CASE_METHOD(SessionCookiesTest, "signed cookies of other forms are invalid") {
  const std::string times = "1800000000000.1800043200000.";
  REQUIRE(opens(sealed("1." + times + "a")));
  for (const std::string& payload :
       {"2." + times + "a", "." + times + "a", times + "a", "1." + times + "a.b",
        std::string("1.1800000000000.a"), std::string("1..1800043200000.a"),
        std::string("1.1800000000000..a"), std::string("1.18000000000x0.1800043200000.a"),
        std::string("1.1800000000000.99999999999999999999.a"), std::string()}) {
    INFO(payload);
    CHECK(!opens(sealed(payload)));
  }
}

TEST_CASE_METHOD(SessionCookiesTest, "session ids as dispatchers issued them before are invalid") {
  CHECK(!opens(std::string(64, 'a')));
}

TEST_CASE_METHOD(SessionCookiesTest, "a session cookie that is too long is invalid") {
  const std::string start = "1.1800000000000.1800043200000.";
  const std::size_t room = SessionCookies::length_max - start.size() - 1 - 32;
  const std::string longest = sealed(start + std::string(room, 'a'));
  CHECK(longest.size() == SessionCookies::length_max);
  CHECK(opens(longest));
  CHECK(!opens(sealed(start + std::string(room + 1, 'a'))));
}

TEST_CASE_METHOD(SessionCookiesTest, "a session cookie expires") {
  const std::int64_t end_ms = sign_in_ms + in_ms(SessionCookies::idle_max);
  CHECK(opens(cookie, end_ms - 1));
  CHECK(!opens(cookie, end_ms));
  CHECK(!opens(cookie, end_ms + in_ms(24h)));
}

TEST_CASE_METHOD(SessionCookiesTest, "the clock of the issuing dispatcher may be a little ahead") {
  const std::int64_t earliest_ms = sign_in_ms - in_ms(SessionCookies::clock_skew_max);
  CHECK(opens(cookie, earliest_ms));
  CHECK(!opens(cookie, earliest_ms - 1));
}

TEST_CASE_METHOD(SessionCookiesTest, "a session cookie is renewed only if that gains some time") {
  const Session session = *cookies.open(cookie, sign_in_ms);
  const std::int64_t first_ms = sign_in_ms + in_ms(SessionCookies::renewal_gain_min);
  CHECK(cookies.renew(session, first_ms - 1).empty());
  const std::string renewed = cookies.renew(session, first_ms);
  const auto extended = cookies.open(renewed, first_ms);
  REQUIRE(extended);
  CHECK(extended->id == session.id);
  CHECK(extended->signed_in_ms == session.signed_in_ms);
  CHECK(extended->expires_ms == first_ms + in_ms(SessionCookies::idle_max));
}

TEST_CASE_METHOD(SessionCookiesTest, "no renewal extends a session beyond its maximum age") {
  Session session = *cookies.open(cookie, sign_in_ms);
  const std::int64_t end_ms = sign_in_ms + in_ms(SessionCookies::age_max);
  for (std::int64_t time_ms = sign_in_ms; time_ms < end_ms; time_ms += in_ms(1h)) {
    const std::string renewed = cookies.renew(session, time_ms);
    if (!renewed.empty()) session = cookies.open(renewed, time_ms).value();
  }
  CHECK(session.expires_ms == end_ms);
  CHECK(cookies.renew(session, end_ms - 1).empty());
}

TEST_CASE("over HTTPS, the session cookie of unencrypted connections is removed too") {
  const auto removed = [](bool https) {
    Fields fields;
    remove_session(fields, https);
    std::vector<std::string> values;
    for (const Field& field : fields) values.push_back(field.name + ": " + field.value);
    return values;
  };
  const std::string attributes = "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0";
  const std::string plain = "Set-Cookie: samoyed_session" + attributes;
  const std::string secure = "Set-Cookie: __Secure-samoyed_session" + attributes + "; Secure";
  CHECK(removed(false) == std::vector<std::string>{plain});
  CHECK(removed(true) == std::vector<std::string>{secure, plain});
}

}  // namespace
}  // namespace samoyed::web
