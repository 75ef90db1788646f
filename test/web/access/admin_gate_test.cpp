#include "web/access/admin_gate.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

using namespace std::chrono_literals;
using Verdict = AdminGate::Verdict;

std::int64_t ms(std::chrono::milliseconds time) { return time.count(); }

struct GateTest {
  Verdict check(const Fields& fields) { return gate.check(fields, "client", now, time_ms).verdict; }
  Verdict check_token(const std::string& token, const std::string& client = "client") {
    return gate.check({{"Authorization", "Bearer " + token}}, client, now, time_ms).verdict;
  }
  Verdict check_cookie(const std::string& cookie) {
    return check({{"Cookie", "a=b; samoyed_session=" + cookie + ";c"}});
  }
  std::string sign_in() {
    return std::get<std::string>(gate.sign_in("secret", "client", now, time_ms));
  }

  int ids = 0;
  AdminGate gate{"secret", [this] { return "id" + std::to_string(++ids); }};
  AdminGate::Time now;
  std::int64_t time_ms = 1'800'000'000'000;
};

TEST_CASE("without a token, everyone is admitted and nobody can sign in") {
  AdminGate gate("", [] { return std::string("id"); });
  CHECK(!gate.needed());
  CHECK(gate.check({}, "client", {}, 0).verdict == Verdict::admitted);
  CHECK(std::get<Verdict>(gate.sign_in("", "client", {}, 0)) == Verdict::wrong);
}

TEST_CASE_METHOD(GateTest, "the token in the header is accepted") {
  CHECK(check({}) == Verdict::missing);
  CHECK(check_token("secret") == Verdict::admitted);
  CHECK(check({{"authorization", "bearer  secret "}}) == Verdict::admitted);
  CHECK(check_token("Secret") == Verdict::wrong);
  CHECK(check_token("secretsecret") == Verdict::wrong);
  CHECK(check_token("") == Verdict::wrong);
  CHECK(check({{"Authorization", "Basic secret"}}) == Verdict::missing);
  CHECK(check({{"Authorization", "secret"}}) == Verdict::missing);
}

TEST_CASE_METHOD(GateTest, "a new token replaces the former one and ends its sessions") {
  const std::string session = sign_in();
  gate.set_token("secret");
  CHECK(check_cookie(session) == Verdict::admitted);
  gate.set_token("new secret");
  CHECK(check_cookie(session) == Verdict::missing);
  CHECK(check_token("secret") == Verdict::wrong);
  CHECK(check_token("new secret") == Verdict::admitted);
}

TEST_CASE_METHOD(GateTest, "after signing in, the cookie is accepted until signing out") {
  const std::string one = sign_in();
  const std::string other = sign_in();
  CHECK(one != other);
  CHECK(check_cookie(one) == Verdict::admitted);
  CHECK(check({{"Cookie", "x=y"}, {"Cookie", "samoyed_session=" + other}}) == Verdict::admitted);
  CHECK(check_cookie("id") == Verdict::missing);
  CHECK(check_cookie("") == Verdict::missing);
  CHECK(check({{"Cookie", "samoyed_session"}}) == Verdict::missing);
  CHECK(check({{"Cookie", "xsamoyed_session=" + one}}) == Verdict::missing);
  CHECK(check_cookie("secret") == Verdict::missing);

  gate.sign_out({{"Cookie", "samoyed_session=" + one}}, time_ms);
  CHECK(check_cookie(one) == Verdict::missing);
  CHECK(check_cookie(other) == Verdict::admitted);
}

TEST_CASE_METHOD(GateTest, "signing in counts at every dispatcher with the same token") {
  const std::string cookie = sign_in();
  AdminGate second("secret", [] { return std::string("other"); });
  AdminGate foreign("another secret", [] { return std::string("other"); });
  const Fields fields = {{"Cookie", "samoyed_session=" + cookie}};
  CHECK(second.check(fields, "client", {}, time_ms).verdict == Verdict::admitted);
  CHECK(foreign.check(fields, "client", {}, time_ms).verdict == Verdict::missing);

  second.sign_out(fields, time_ms);
  CHECK(second.check(fields, "client", {}, time_ms).verdict == Verdict::missing);
  CHECK(check_cookie(cookie) == Verdict::admitted);
}

TEST_CASE_METHOD(GateTest, "signing out ends renewed copies of the cookie too") {
  const std::string cookie = sign_in();
  time_ms += ms(1h);
  const std::string renewed =
      gate.check({{"Cookie", "samoyed_session=" + cookie}}, "client", now, time_ms).renewed_cookie;
  REQUIRE(!renewed.empty());
  gate.sign_out({{"Cookie", "samoyed_session=" + cookie}}, time_ms);
  time_ms += ms(SessionCookies::idle_max) - 1;
  sign_in();
  gate.sign_out({{"Cookie", "samoyed_session=" + sign_in()}}, time_ms);
  CHECK(check_cookie(renewed) == Verdict::missing);
}

TEST_CASE_METHOD(GateTest, "a session ends after a long time without a request") {
  std::string cookie = sign_in();
  for (int i = 0; i < 3; ++i) {
    time_ms += ms(SessionCookies::idle_max) - 1;
    const auto checked =
        gate.check({{"Cookie", "samoyed_session=" + cookie}}, "client", now, time_ms);
    CHECK(checked.verdict == Verdict::admitted);
    CHECK(check_cookie(cookie) == Verdict::admitted);
    REQUIRE(!checked.renewed_cookie.empty());
    cookie = checked.renewed_cookie;
  }
  time_ms += ms(SessionCookies::idle_max);
  CHECK(check_cookie(cookie) == Verdict::missing);
}

TEST_CASE_METHOD(GateTest, "only a session's cookie is renewed") {
  const std::string cookie = sign_in();
  time_ms += ms(1h);
  const Fields both = {{"Cookie", "samoyed_session=" + cookie}, {"Authorization", "Bearer secret"}};
  const auto checked = gate.check(both, "client", now, time_ms);
  CHECK(checked.verdict == Verdict::admitted);
  CHECK(checked.renewed_cookie.empty());
}

TEST_CASE_METHOD(GateTest, "wrong tokens are limited per client") {
  const bool by_header = GENERATE(true, false);
  const auto attempt = [&](const std::string& token) {
    if (by_header) return check_token(token);
    const auto entered = gate.sign_in(token, "client", now, time_ms);
    const auto* const verdict = std::get_if<Verdict>(&entered);
    return verdict ? *verdict : Verdict::admitted;
  };
  const std::string before = sign_in();
  for (int i = 0; i < AdminGate::failures_max; ++i) {
    CHECK(attempt("guess") == Verdict::wrong);
    now += 1s;
  }
  // Even the right token is rejected now: any other answer would reveal that it is right.
  CHECK(attempt("secret") == Verdict::limited);
  CHECK(check_token("secret", "another") == Verdict::admitted);
  CHECK(check_cookie(before) == Verdict::admitted);
  now += AdminGate::failure_window - AdminGate::failures_max * 1s;
  CHECK(attempt("guess") == Verdict::wrong);
  CHECK(attempt("secret") == Verdict::admitted);
}

TEST_CASE_METHOD(GateTest, "the number of clients whose wrong tokens are counted is limited") {
  for (int i = 0; i < AdminGate::failures_max; ++i) check_token("guess", "first");
  CHECK(check_token("secret", "first") == Verdict::limited);
  now += 1s;
  for (std::size_t i = 1; i < AdminGate::failing_clients_max; ++i) {
    check_token("guess", std::to_string(i));
  }
  CHECK(check_token("secret", "first") == Verdict::limited);
  check_token("guess", "one more");
  CHECK(check_token("secret", "first") == Verdict::admitted);
}

TEST_CASE("texts are equal only as a whole") {
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK(!equal_in_constant_time("abc", "abd"));
  CHECK(!equal_in_constant_time("xbc", "abc"));
  CHECK(!equal_in_constant_time("abc", "abcabc"));
  CHECK(!equal_in_constant_time("abcabc", "abc"));
  CHECK(!equal_in_constant_time("", "abc"));
  CHECK(!equal_in_constant_time("abc", ""));
}

}  // namespace
}  // namespace samoyed::web
