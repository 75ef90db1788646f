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
  Admission admission({.requests_max = 9, .requests_per_client_max = 9, .bytes_max = 8000});
  // It has arrived, so it stays.
  auto whole = enter(admission, "whole");
  CHECK(whole->hold(7000, start));
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
  CHECK(admission.bytes() == 7960);
  auto fresh = receive_as("fresh", now);
  CHECK(fresh->hold(41, now));
  CHECK(evicted == std::vector<std::string>{"stalled"});
  CHECK(admission.bytes() == 7401);
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

TEST_CASE("the last slots are for clients that have few") {
  Admission admission({.requests_max = 128, .requests_per_client_max = 64, .bytes_max = 1000});
  std::vector<Ticket> taken;
  const auto take_all = [&](const std::string& client) {
    const std::size_t before = taken.size();
    while (auto ticket = enter(admission, client)) taken.push_back(std::move(*ticket));
    return taken.size() - before;
  };
  CHECK(take_all("a") == 64);
  // 16 are left: an eighth.
  CHECK(take_all("b") == 48);
  CHECK(std::get<Reason>(admission.enter("b")) == Reason::overloaded);
  CHECK(std::get<Reason>(admission.receive("b", start, [] {})) == Reason::overloaded);
  // A sixty-fourth counts as few.
  for (int client = 0; client < 8; ++client) CHECK(take_all("c" + std::to_string(client)) == 2);
  CHECK(admission.requests() == 128);
  CHECK(!enter(admission, "d"));
}

TEST_CASE("a client that is alone may have all slots") {
  Admission admission({.requests_max = 16, .requests_per_client_max = 16, .bytes_max = 1000});
  std::vector<Ticket> taken;
  const auto waiting = receive(admission, "b");
  for (int i = 0; i < 16; ++i) taken.push_back(std::move(*enter(admission, "a")));
  CHECK(admission.requests() == 16);
}

TEST_CASE("a client that holds much makes room before others that are slower") {
  Admission admission({.requests_max = 9, .requests_per_client_max = 9, .bytes_max = 800});
  std::vector<std::string> evicted;
  const auto uploading = [&](const std::string& client, std::uint64_t bytes) {
    auto ticket = receive(admission, client, start, [&, client] { evicted.push_back(client); });
    REQUIRE(ticket->hold(bytes, start));
    return std::move(*ticket);
  };
  std::vector<Ticket> large;
  for (int i = 0; i < 7; ++i) large.push_back(uploading("large", 100));
  Ticket slow = uploading("slow", 10);
  Ticket slower = uploading("slower", 9);
  Ticket newcomer = uploading("newcomer", 81);
  const auto later = start + Admission::rate_window;
  CHECK(newcomer.hold(82, later));
  CHECK(evicted == std::vector<std::string>{"large"});
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
