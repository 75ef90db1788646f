#include <string>

#include <catch2/catch.hpp>

#include "samoyed/dispatcher/worker_list.hpp"

namespace samoyed::dispatcher {
namespace {

protocol::Address source_worker(int number) {
  return {.host = "10.0.0." + std::to_string(number), .port = 8888};
}

/// The workers of a list, each with who has it: `a` for its address, and the DNS name.
std::string sources(const WorkerList& list) {
  std::string text;
  for (const WorkerRow& row : list.snapshot()) {
    text += row.worker.address.host.substr(7) + (row.by_address ? "a" : "") + row.discovered_by;
    text += row.state == WorkerState::in_rotation ? " " : "(out) ";
  }
  return text;
}

TEST_CASE("each source owns its workers") {
  WorkerList list;
  list.add(source_worker(1));
  CHECK(list.discover(source_worker(1), "n") == DiscoverResult::already_there);
  CHECK(list.discover(source_worker(2), "n") == DiscoverResult::added);
  CHECK(list.discover(source_worker(3), "n") == DiscoverResult::added);
  CHECK(list.add(source_worker(3)) == AddResult::already_there);
  CHECK(sources(list) == "1an 2n 3an ");
  for (int number = 1; number <= 4; ++number) list.undiscover(source_worker(number));
  CHECK(sources(list) == "1a 3a ");
}

TEST_CASE("a discovered worker keeps the name that has it now") {
  WorkerList list;
  list.discover(source_worker(1), "n");
  list.discover(source_worker(1), "m");
  CHECK(sources(list) == "1m ");
}

TEST_CASE("a worker that DNS dropped ends its image without being in the list") {
  WorkerList list;
  list.discover(source_worker(1), "n");
  const WorkerId id = list.pick()->id;
  list.begin_attempt(id);
  list.undiscover(source_worker(1));
  CHECK(list.snapshot().empty());
  CHECK_FALSE(list.pick());
  list.end_attempt(id, AttemptEnd::done, {});
  list.discover(source_worker(1), "n");
  CHECK(list.snapshot().front().counts == WorkerCounts());
}

TEST_CASE("a discovered worker that someone removed is held out") {
  WorkerList list;
  list.discover(source_worker(1), "n");
  CHECK(list.remove(source_worker(1)));
  CHECK(list.discover(source_worker(1), "n") == DiscoverResult::held_out);
  CHECK(list.snapshot().empty());
  SECTION("until DNS has dropped it") {
    list.undiscover(source_worker(1));
    CHECK(list.discover(source_worker(1), "n") == DiscoverResult::added);
  }
  SECTION("until someone adds it") {
    CHECK(list.add(source_worker(1)) == AddResult::added);
    CHECK(list.discover(source_worker(1), "n") == DiscoverResult::already_there);
    CHECK(sources(list) == "1an ");
  }
}

TEST_CASE("a worker can be held out before DNS has it, and the listings say what was said") {
  WorkerList list;
  list.add(source_worker(1));
  list.add(source_worker(2));
  list.discover(source_worker(3), "n");
  list.hold_out(source_worker(2));
  list.hold_out(source_worker(4));
  CHECK(sources(list) == "1a 3n ");
  CHECK(list.discover(source_worker(4), "n") == DiscoverResult::held_out);
  CHECK(list.listings() == Listings{{source_worker(1), Listing::listed},
                                    {source_worker(2), Listing::held_out},
                                    {source_worker(4), Listing::held_out}});
}

TEST_CASE("a removed worker that only its address listed is not held out") {
  WorkerList list;
  list.add(source_worker(1));
  list.remove(source_worker(1));
  CHECK(list.discover(source_worker(1), "n") == DiscoverResult::added);
}

TEST_CASE("DNS doesn't return an ejected worker to the rotation, but /add does") {
  WorkerList list;
  list.discover(source_worker(1), "n");
  list.eject(list.pick()->id, {});
  CHECK(list.discover(source_worker(1), "n") == DiscoverResult::already_there);
  CHECK(sources(list) == "1n(out) ");
  list.add(source_worker(1));
  CHECK(sources(list) == "1an ");
}

TEST_CASE("a worker that DNS has is never forgotten") {
  HealthOptions options;
  WorkerList list([] {}, options);
  list.discover(source_worker(1), "n");
  list.add(source_worker(2));
  list.add(source_worker(3));
  list.add(source_worker(4));
  const auto start = Clock::time_point() + std::chrono::hours(1);
  list.eject(list.snapshot()[0].worker.id, start);
  list.eject(list.snapshot()[1].worker.id, start);
  const auto later = start + options.forget_after + std::chrono::hours(1);
  const auto forgotten = list.forget_expired(later);
  REQUIRE(forgotten.size() == 1);
  CHECK(forgotten.front().address == source_worker(2));
  CHECK(sources(list) == "1n(out) 3a 4a ");
}

TEST_CASE("changes of the sources are reported, because a state file follows them") {
  int changes = 0;
  WorkerList list([&] { ++changes; });
  list.discover(source_worker(1), "n");
  CHECK(changes == 1);
  list.discover(source_worker(1), "n");
  CHECK(changes == 1);
  list.add(source_worker(1));
  CHECK(changes == 2);
  list.add(source_worker(1));
  CHECK(changes == 2);
  list.undiscover(source_worker(1));
  CHECK(changes == 3);
  list.undiscover(source_worker(1));
  CHECK(changes == 3);
}

TEST_CASE("a full list takes no discovered worker") {
  WorkerList list;
  for (std::size_t port = 1; port <= workers_max; ++port) {
    list.add({"kennel", static_cast<std::uint16_t>(port)});
  }
  CHECK(list.discover(source_worker(1), "n") == DiscoverResult::list_full);
}

}  // namespace
}  // namespace samoyed::dispatcher
