#include "web/access/admin_gate.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

using namespace std::chrono_literals;
using Verdict = AdminGate::Verdict;

struct GateTest {
  Verdict check(const Fields& fields) { return gate.check(fields, "client", now); }
  Verdict check_token(const std::string& token, const std::string& client = "client") {
    return gate.check({{"Authorization", "Bearer " + token}}, client, now);
  }
  Verdict check_cookie(const std::string& id) {
    return check({{"Cookie", "a=b; samoyed_session=" + id + ";c"}});
  }
  std::string sign_in() { return std::get<std::string>(gate.sign_in("secret", "client", now)); }

  int ids = 0;
  AdminGate gate{"secret", [this] { return "id" + std::to_string(++ids); }};
  AdminGate::Time now;
};

TEST_CASE("without a token, everyone is admitted and nobody can sign in") {
  AdminGate gate("", [] { return std::string("id"); });
  CHECK(!gate.needed());
  CHECK(gate.check({}, "client", {}) == Verdict::admitted);
  CHECK(std::get<Verdict>(gate.sign_in("", "client", {})) == Verdict::wrong);
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

  gate.sign_out({{"Cookie", "samoyed_session=" + one}});
  CHECK(check_cookie(one) == Verdict::missing);
  CHECK(check_cookie(other) == Verdict::admitted);
}

TEST_CASE_METHOD(GateTest, "a session ends after a long time without a request") {
  const std::string id = sign_in();
  for (int i = 0; i < 3; ++i) {
    now += AdminGate::session_idle_max - 1s;
    CHECK(check_cookie(id) == Verdict::admitted);
  }
  now += AdminGate::session_idle_max;
  CHECK(check_cookie(id) == Verdict::missing);
  now -= AdminGate::session_idle_max;
  CHECK(check_cookie(id) == Verdict::missing);
}

TEST_CASE_METHOD(GateTest, "sessions are limited, and the one idle longest is ended") {
  const std::string first = sign_in();
  now += 1s;
  const std::string second = sign_in();
  now += 1s;
  check_cookie(first);
  for (std::size_t i = 2; i <= AdminGate::sessions_max; ++i) {
    now += 1s;
    sign_in();
  }
  CHECK(check_cookie(first) == Verdict::admitted);
  CHECK(check_cookie(second) == Verdict::missing);
}

TEST_CASE_METHOD(GateTest, "wrong tokens are limited per client") {
  const bool by_header = GENERATE(true, false);
  const auto attempt = [&](const std::string& token) {
    if (by_header) return check_token(token);
    const auto entered = gate.sign_in(token, "client", now);
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
