#include "web/access/admission.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

using Ticket = Admission::Ticket;
using namespace std::chrono_literals;

const Admission::Clock::time_point start{};

std::optional<Ticket> enter(Admission& admission, const std::string& client) {
  auto entered = admission.enter(client);
  if (!std::holds_alternative<Ticket>(entered)) return std::nullopt;
  return std::get<Ticket>(std::move(entered));
}

/// An upload whose body is still to come.
std::optional<Ticket> receive(
    Admission& admission, const std::string& client, Admission::Clock::time_point now = start,
    std::function<void()> on_evicted = [] { FAIL("evicted"); }) {
  auto received = admission.receive(client, now, std::move(on_evicted));
  if (!std::holds_alternative<Ticket>(received)) return std::nullopt;
  return std::get<Ticket>(std::move(received));
}

TEST_CASE("uploads are limited in total and per client, and places are given back") {
  Admission admission({.requests_max = 3, .requests_per_client_max = 2, .bytes_max = 100});
  auto first = enter(admission, "a");
  auto second = enter(admission, "a");
  REQUIRE(first);
  REQUIRE(second);
  CHECK(std::get<Reason>(admission.enter("a")) == Reason::client_limit);
  auto third = enter(admission, "b");
  REQUIRE(third);
  CHECK(std::get<Reason>(admission.enter("c")) == Reason::overloaded);
  // The reason that a client can do something about comes first.
  CHECK(std::get<Reason>(admission.enter("a")) == Reason::client_limit);
  CHECK(admission.requests() == 3);

  first.reset();
  CHECK(enter(admission, "c"));
  CHECK(enter(admission, "a"));
  CHECK(admission.requests() == 2);
}

TEST_CASE("bytes count while they are held") {
  Admission admission({.requests_max = 9, .requests_per_client_max = 9, .bytes_max = 100});
  auto a = enter(admission, "a");
  auto b = enter(admission, "b");
  CHECK(a->hold(60, start));
  CHECK(b->hold(40, start));
  CHECK(admission.bytes() == 100);
  CHECK(!b->hold(41, start));
  CHECK(admission.bytes() == 100);
  CHECK(std::get<Reason>(admission.enter("c")) == Reason::overloaded);
  CHECK(!receive(admission, "c"));
  CHECK(a->hold(10, start));
  CHECK(b->hold(90, start));
  CHECK(!a->hold(~std::uint64_t{0}, start));
  b.reset();
  CHECK(admission.bytes() == 10);
  CHECK(a->hold(100, start));
  a.reset();
  CHECK(admission.bytes() == 0);
}

TEST_CASE("an upload takes a slot when it has arrived, not when it is announced") {
  Admission admission({.requests_max = 2, .requests_per_client_max = 2, .bytes_max = 100});
  std::vector<Ticket> stalled;
  for (int i = 0; i < 50; ++i) stalled.push_back(std::move(*receive(admission, "slow")));
  CHECK(admission.requests() == 0);
  auto quick = receive(admission, "quick");
  REQUIRE(quick);
  CHECK(quick->hold(100, start));
  CHECK(!quick->take_slot());
  CHECK(!quick->take_slot());
  CHECK(admission.requests() == 1);
  CHECK(!stalled[0].take_slot());
  CHECK(stalled[1].take_slot() == Reason::overloaded);
  CHECK(!receive(admission, "other"));
  quick.reset();
  CHECK(!stalled[1].take_slot());
  CHECK(stalled[2].take_slot() == Reason::client_limit);
  stalled.clear();
  CHECK(admission.requests() == 0);
}

TEST_CASE("the upload that arrived slowest lately makes room for others") {
  Admission admission({.requests_max = 9, .requests_per_client_max = 9, .bytes_max = 1000});
  std::vector<std::string> evicted;
  const auto receive_as = [&](const std::string& name, Admission::Clock::time_point now) {
    return receive(admission, name, now, [&evicted, name] { evicted.push_back(name); });
  };
  // It has sent the most, but nothing lately.
  auto stalled = receive_as("stalled", start);
  CHECK(stalled->hold(600, start));
  auto slow = receive_as("slow", start);
  auto fast = receive_as("fast", start);
  auto silent = receive_as("silent", start);
  auto now = start;
  for (int i = 1; i <= 12; ++i) {
    now += 1s;
    CHECK(slow->hold(std::uint64_t(10 * i), now));
    CHECK(fast->hold(std::uint64_t(20 * i), now));
  }
  CHECK(admission.bytes() == 960);
  auto fresh = receive_as("fresh", now);
  CHECK(fresh->hold(41, now));
  CHECK(evicted == std::vector<std::string>{"stalled"});
  CHECK(admission.bytes() == 401);
  // What has arrived isn't evicted, and one's own slowness is no reason to evict others.
  CHECK(!slow->take_slot());
  CHECK(fast->hold(800, now));
  CHECK(fresh->hold(80, now));
  CHECK(!silent->hold(1, now));
  CHECK(fresh->hold(200, now));
  CHECK(evicted == std::vector<std::string>{"stalled", "fast"});
}

TEST_CASE("an upload that has just begun is not evicted") {
  Admission admission({.requests_max = 9, .requests_per_client_max = 9, .bytes_max = 100});
  std::optional<Ticket> first = receive(admission, "a");
  auto second = receive(admission, "b");
  CHECK(first->hold(100, start));
  CHECK(!second->hold(1, start + Admission::rate_window - 1ms));
  CHECK(!receive(admission, "c", start + Admission::rate_window - 1ms));
}

TEST_CASE("a moved ticket gives its place back once") {
  Admission admission({.requests_max = 1, .requests_per_client_max = 1, .bytes_max = 100});
  {
    auto first = enter(admission, "a");
    CHECK(first->hold(30, start));
    const Ticket moved = std::move(*first);
    first.reset();
    CHECK(admission.requests() == 1);
    CHECK(admission.bytes() == 30);
  }
  CHECK(admission.requests() == 0);
  CHECK(admission.bytes() == 0);
  CHECK(enter(admission, "a"));
}

}  // namespace
}  // namespace samoyed::web
