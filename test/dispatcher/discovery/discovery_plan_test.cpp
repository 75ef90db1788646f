#include "dispatcher/discovery/discovery_plan.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace std::chrono_literals;

namespace {

/// A plan whose clock the test advances. Workers are named by letters.
struct PlanFixture {
  /// Passes an answer with the workers of `letters` to the plan, and returns those that it
  /// releases.
  std::string answer(const std::string& letters, bool complete = true) {
    DnsAnswer answer;
    answer.ttl = ttl;
    if (!complete) answer.why_incomplete = "a question failed";
    for (const char letter : letters) answer.addresses.push_back(worker(letter));
    const auto in_rotation = [this](const protocol::Address& address) {
      return !failing.contains(address.host.front());
    };
    std::string released;
    for (const auto& address : plan.on_answer(answer, in_rotation, now, 0.5)) {
      released += address.host;
    }
    return released;
  }

  static protocol::Address worker(char letter) { return {.host = {letter}, .port = 8888}; }
  auto pause() const { return plan.next_lookup() - now; }

  Clock::time_point now{1h};
  std::chrono::seconds ttl{5};
  std::set<char> failing;
  DiscoveryPlan plan{now};
};

}  // namespace

TEST_CASE("the first lookup is due at once, and the next after the answer's time to live") {
  PlanFixture f;
  CHECK(f.pause() == 0s);
  const auto [ttl, pause] =
      GENERATE(table<int, int>({{0, 5}, {4, 5}, {5, 5}, {17, 17}, {30, 30}, {86400, 30}}));
  f.ttl = std::chrono::seconds(ttl);
  CHECK(f.answer("ab").empty());
  CHECK(f.pause() == std::chrono::seconds(pause));
}

TEST_CASE("lookups of dispatchers that started together spread by a tenth") {
  PlanFixture f;
  const auto any = [](const protocol::Address&) { return true; };
  const DnsAnswer answer{.addresses = {PlanFixture::worker('a')}, .ttl = 10s};
  f.plan.on_answer(answer, any, f.now, 0);
  CHECK(f.pause() == 9s);
  f.plan.on_answer(answer, any, f.now, 1);
  CHECK(f.pause() == 11s);
}

TEST_CASE("a failed lookup changes nothing, and the pauses grow to 30 s") {
  PlanFixture f;
  f.answer("ab");
  f.failing = {'a', 'b'};
  for (const auto pause : {5s, 10s, 20s, 30s, 30s}) {
    f.plan.on_failure(f.now, 0.5);
    CHECK(f.pause() == pause);
  }
  CHECK(f.plan.known_count() == 2);
  f.answer("ab");
  CHECK(f.pause() == 5s);
  f.plan.on_failure(f.now, 0.5);
  CHECK(f.pause() == 5s);
}

TEST_CASE("a worker that DNS dropped and that fails is released at once") {
  PlanFixture f;
  f.answer("abc");
  f.failing = {'b'};
  CHECK(f.answer("ac") == "b");
  CHECK_FALSE(f.plan.knows(PlanFixture::worker('b')));
}

TEST_CASE("a worker that DNS dropped but that answers is held for 30 s and two answers") {
  PlanFixture f;
  f.answer("abc");
  f.now += 5s;
  CHECK(f.answer("ac").empty());
  SECTION("it is released after both") {
    f.now += 29s;
    CHECK(f.answer("ac").empty());
    f.now += 1s;
    CHECK(f.answer("ac") == "b");
  }
  SECTION("one answer is not enough, however late") {
    f.now += 10min;
    f.plan.on_failure(f.now, 0.5);
    CHECK(f.plan.knows(PlanFixture::worker('b')));
    CHECK(f.answer("ac") == "b");
  }
  SECTION("it is known again once an answer has it, and the hold begins anew") {
    f.now += 20s;
    CHECK(f.answer("abc").empty());
    f.now += 20s;
    CHECK(f.answer("ac").empty());
    f.now += 29s;
    CHECK(f.answer("ac").empty());
  }
}

TEST_CASE("more than half of the workers are never released by one answer") {
  PlanFixture f;
  f.ttl = 30s;
  f.answer("abcd");
  f.failing = {'a', 'b', 'c', 'd'};
  SECTION("three of four need a second answer, which is asked for soon") {
    CHECK(f.answer("d").empty());
    CHECK(f.pause() == 5s);
    CHECK(f.answer("d") == "abc");
  }
  SECTION("so does an empty answer") {
    CHECK(f.answer("").empty());
    CHECK(f.answer("") == "abcd");
  }
  SECTION("a different second answer releases only those that both miss") {
    CHECK(f.answer("d").empty());
    CHECK(f.answer("abd") == "c");
    CHECK(f.plan.known_count() == 3);
  }
  SECTION("half may go at once") { CHECK(f.answer("cd") == "ab"); }
}

TEST_CASE("an incomplete answer adds workers and releases none") {
  PlanFixture f;
  f.answer("ab");
  f.failing = {'b'};
  for (int i = 0; i < 3; ++i) {
    CHECK(f.answer("ac", false).empty());
    f.now += 60s;
  }
  CHECK(f.plan.known_count() == 3);
}

TEST_CASE("a lost worker makes a lookup due, but not more than one a second") {
  PlanFixture f;
  f.ttl = 30s;
  f.answer("ab");
  f.now += 10s;
  f.plan.on_lost(PlanFixture::worker('x'));
  CHECK(f.pause() == 20s);
  f.plan.on_lost(PlanFixture::worker('a'));
  CHECK(f.pause() <= 0s);
  f.answer("ab");
  f.plan.on_lost(PlanFixture::worker('a'));
  CHECK(f.pause() == 1s);
}

TEST_CASE("a worker that is lost during a lookup makes another one due") {
  PlanFixture f;
  f.ttl = 30s;
  f.answer("ab");
  f.plan.begin_lookup();
  f.plan.on_lost(PlanFixture::worker('a'));
  SECTION("after an answer") { f.answer("ab"); }
  SECTION("after a failure") { f.plan.on_failure(f.now, 0.5); }
  CHECK(f.pause() == 1s);
  f.plan.begin_lookup();
  f.answer("ab");
  CHECK(f.pause() == 30s);
}
