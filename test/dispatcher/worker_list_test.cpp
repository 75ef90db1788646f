#include "samoyed/dispatcher/worker_list.hpp"

#include <map>
#include <thread>

#include <catch2/catch.hpp>

using namespace samoyed;
using namespace samoyed::dispatcher;

namespace {

protocol::Address worker(int number) {
  return {"w" + std::to_string(number), static_cast<std::uint16_t>(number)};
}

std::string names(const WorkerList& list) {
  std::string text;
  for (const auto& row : list.snapshot()) text += row.worker.address.host + " ";
  return text;
}

/// The next `count` picks as one text.
std::string picks(WorkerList& list, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto picked = list.pick();
    text += (picked ? picked->address.host : "none") + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("workers are picked in turn, in the order in which they were added") {
  WorkerList list;
  CHECK(picks(list, 1) == "none ");
  for (int i = 1; i <= 3; ++i) CHECK(list.add(worker(i)) == AddResult::added);
  CHECK(picks(list, 7) == "w1 w2 w3 w1 w2 w3 w1 ");
}

TEST_CASE("adding a worker that is already in the list changes nothing") {
  WorkerList list;
  list.add(worker(1));
  list.add(worker(2));
  picks(list, 1);
  CHECK(list.add(worker(1)) == AddResult::already_there);
  CHECK(names(list) == "w1 w2 ");
  CHECK(picks(list, 2) == "w2 w1 ");
}

TEST_CASE("a full list accepts no worker until one is removed") {
  WorkerList list;
  for (int i = 1; i <= static_cast<int>(workers_max); ++i) list.add(worker(i));
  CHECK(list.add(worker(2000)) == AddResult::list_full);
  CHECK(list.add(worker(1)) == AddResult::already_there);
  list.remove(worker(1));
  CHECK(list.add(worker(2000)) == AddResult::added);
  CHECK(list.snapshot().size() == workers_max);
}

TEST_CASE("after a removal no worker is skipped or picked twice, wherever the cursor is") {
  for (int cursor = 0; cursor <= 4; ++cursor) {
    for (int removed = 1; removed <= 4; ++removed) {
      INFO("after " << cursor << " picks, w" << removed << " is removed");
      WorkerList list;
      for (int i = 1; i <= 4; ++i) list.add(worker(i));
      picks(list, cursor);
      // In turn from the cursor on, without the removed worker.
      std::string expected;
      for (int i = 0; i < 4; ++i) {
        const int next = (cursor + i) % 4 + 1;
        if (next != removed) expected += "w" + std::to_string(next) + " ";
      }
      CHECK(list.remove(worker(removed)));
      CHECK(picks(list, 3) == expected);
    }
  }
}

TEST_CASE("a worker added during a round is picked at its end") {
  WorkerList list;
  list.add(worker(1));
  list.add(worker(2));
  picks(list, 1);
  list.add(worker(3));
  CHECK(picks(list, 4) == "w2 w3 w1 w2 ");
}

TEST_CASE("the numbers of first picks differ by at most one, with or without retries") {
  WorkerList list;
  for (int i = 1; i <= 5; ++i) list.add(worker(i));
  std::map<std::string, int> counts;
  for (int i = 0; i < 23; ++i) {
    const auto first = list.pick();
    ++counts[first->address.host];
    const std::vector<WorkerId> tried{first->id};
    if (i % 3 == 0) list.pick_other(first->id, tried);
    const auto [least, most] =
        std::minmax_element(counts.begin(), counts.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; });
    if (counts.size() == 5) CHECK(most->second - least->second <= 1);
  }
  CHECK(counts.size() == 5);
}

TEST_CASE("a retry goes to the next untried worker") {
  WorkerList list;
  for (int i = 1; i <= 4; ++i) list.add(worker(i));
  std::vector<WorkerId> tried{3};
  CHECK(list.pick_other(3, tried)->address == worker(4));
  tried.push_back(4);
  CHECK(list.pick_other(4, tried)->address == worker(1));
  tried.insert(tried.end(), {1, 2});
  CHECK_FALSE(list.pick_other(1, tried).has_value());
}

TEST_CASE("a retry finds the next worker after the failed one is ejected") {
  WorkerList list;
  for (int i = 1; i <= 3; ++i) list.add(worker(i));
  const std::vector<WorkerId> tried{2};
  list.eject(WorkerId{2}, {});
  CHECK(list.pick_other(2, tried)->address == worker(3));
  list.remove(worker(3));
  CHECK(list.pick_other(2, tried)->address == worker(1));
  list.remove(worker(1));
  CHECK_FALSE(list.pick_other(2, tried).has_value());
}

TEST_CASE("a worker that was removed and added again is not ejected by an old failure") {
  WorkerList list;
  list.add(worker(1));
  const WorkerId old = list.pick()->id;
  list.remove(worker(1));
  list.add(worker(1));
  CHECK_FALSE(list.eject(old, {}));
  CHECK(names(list) == "w1 ");
}

TEST_CASE("if many threads find a worker dead, exactly one ejects it") {
  WorkerList list;
  list.add(worker(1));
  const WorkerId id = list.pick()->id;
  std::atomic<int> removals = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] { removals += list.eject(id, {}) ? 1 : 0; });
  }
  CHECK(removals == 1);
}

TEST_CASE("many threads may add, remove and pick at the same time") {
  WorkerList list;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&list, t] {
        for (int i = 0; i < 1000; ++i) {
          list.add(worker(t * 10 + i % 5 + 1));
          if (const auto picked = list.pick()) list.set_model(picked->id, {"m", true});
          if (i % 3 == 0) list.remove(worker(t * 10 + i % 5 + 1));
        }
        for (int i = 1; i <= 5; ++i) list.remove(worker(t * 10 + i));
      });
    }
  }
  CHECK(list.snapshot().empty());
}

TEST_CASE("each change is reported once, and nothing else is") {
  int changes = 0;
  WorkerList list([&] { ++changes; });
  list.add(worker(1));
  list.add(worker(1));
  list.pick();
  list.set_model(1, {"squeezenet1_1", false});
  CHECK(changes == 1);
  list.remove(worker(1));
  list.remove(worker(1));
  CHECK(changes == 2);
}

TEST_CASE("a worker's model is recorded") {
  WorkerList list;
  list.add(worker(1));
  CHECK_FALSE(list.snapshot()[0].model.has_value());
  list.set_model(1, {"squeezenet1_1", false});
  list.set_model(99, {"unused", true});
  CHECK(list.snapshot()[0].model == WorkerModel{"squeezenet1_1", false});
}

namespace {

/// A list of w1 .. wN. The test sets the time.
struct ListFixture {
  explicit ListFixture(int count, HealthOptions options = {})
      : list([this] { ++changes; }, options) {
    for (int i = 1; i <= count; ++i) list.add(worker(i));
    changes = 0;
  }
  /// Takes a worker out of rotation as a failed request would.
  bool fail(int number) { return list.eject(id(number), now); }
  WorkerId id(int number) const {
    for (const auto& row : list.snapshot()) {
      if (row.worker.address == worker(number)) return row.worker.id;
    }
    return 0;
  }
  /// Probes the workers that are due, all with the same `result`. Returns their names.
  std::string probe(ProbeResult result, std::size_t count = 100) {
    std::string text;
    for (const Worker& due : list.begin_probes(now, count)) {
      text += due.address.host + " ";
      list.end_probe(due.id, result, now);
    }
    return text;
  }
  /// The names in the order of their ids, with ejected workers in parentheses.
  std::string states() const {
    std::string text;
    for (const auto& row : list.snapshot()) {
      const std::string& host = row.worker.address.host;
      text += (row.state == WorkerState::ejected ? "(" + host + ")" : host) + " ";
    }
    return text;
  }
  std::string forget() {
    std::string text;
    for (const Worker& gone : list.forget_expired(now)) text += gone.address.host + " ";
    return text;
  }

  Clock::time_point now = Clock::time_point(std::chrono::hours(1000));
  int changes = 0;
  WorkerList list;
};

constexpr HealthOptions reference_behavior{.readmit = false};

}  // namespace

TEST_CASE("a failed worker stays in the list but is not picked") {
  ListFixture fixture(3);
  CHECK(fixture.fail(2));
  CHECK_FALSE(fixture.fail(2));
  CHECK(fixture.states() == "w1 (w2) w3 ");
  CHECK(fixture.list.in_rotation_count() == 2);
  CHECK(picks(fixture.list, 3) == "w1 w3 w1 ");
  const std::vector<WorkerId> tried{1};
  CHECK(fixture.list.pick_other(1, tried)->address == worker(3));
  CHECK(fixture.changes == 1);
  fixture.fail(1);
  fixture.fail(3);
  CHECK(picks(fixture.list, 1) == "none ");
  CHECK(fixture.list.in_rotation_count() == 0);
}

TEST_CASE("two good probes in a row bring an ejected worker back, at the end and with a new id") {
  ListFixture fixture(3);
  const WorkerId old = fixture.id(2);
  fixture.fail(2);
  CHECK(fixture.probe(ProbeResult::good).empty());  // Not due yet.
  fixture.now += std::chrono::seconds(1);
  CHECK(fixture.probe(ProbeResult::good) == "w2 ");
  CHECK(fixture.states() == "w1 (w2) w3 ");
  fixture.now += std::chrono::seconds(1);
  CHECK(fixture.probe(ProbeResult::good) == "w2 ");
  CHECK(fixture.states() == "w1 w3 w2 ");
  CHECK_FALSE(fixture.list.eject(old, fixture.now));
  CHECK(fixture.states() == "w1 w3 w2 ");
  CHECK(fixture.changes == 2);
}

TEST_CASE("a failed probe between two good ones keeps a worker ejected") {
  for (const ProbeResult failed : {ProbeResult::bad, ProbeResult::refused}) {
    ListFixture fixture(1);
    fixture.fail(1);
    for (const ProbeResult result : {ProbeResult::good, failed, ProbeResult::good}) {
      fixture.now += std::chrono::minutes(1);
      fixture.probe(result);
    }
    CHECK(fixture.states() == "(w1) ");
    fixture.now += std::chrono::minutes(1);
    fixture.probe(ProbeResult::good);
    CHECK(fixture.states() == "w1 ");
  }
}

TEST_CASE("adding an ejected worker puts it back at once") {
  ListFixture fixture(2);
  fixture.list.set_model(1, {"squeezenet1_1", true});
  fixture.fail(1);
  CHECK(fixture.list.add(worker(1)) == AddResult::already_there);
  CHECK(fixture.states() == "w2 w1 ");
  CHECK(fixture.list.add(worker(1)) == AddResult::already_there);
  CHECK(fixture.list.snapshot()[1].model == WorkerModel{"squeezenet1_1", true});
}

TEST_CASE("adding an ejected worker that never answered doesn't reveal its ejection") {
  ListFixture fixture(2);
  fixture.fail(1);
  CHECK(fixture.states() == "(w1) w2 ");
  CHECK(fixture.list.add(worker(1)) == AddResult::already_there);
  CHECK(fixture.states() == "w1 w2 ");
  CHECK(picks(fixture.list, 2) == "w1 w2 ");
}

TEST_CASE("a worker counts as heard once it answered a probe or an image, until its removal") {
  ListFixture fixture(3);
  const auto heard = [&](std::size_t row) { return fixture.list.snapshot().at(row).heard; };
  CHECK_FALSE(heard(0));
  SECTION("an image") { fixture.list.answered(1, fixture.now); }
  SECTION("hello") { fixture.list.set_model(1, {"squeezenet1_1", true}); }
  SECTION("a probe, which a reference server answers without a model") {
    fixture.list.end_probe(2, ProbeResult::bad, fixture.now);
    fixture.list.end_probe(1, ProbeResult::good, fixture.now);
  }
  CHECK(heard(0));
  CHECK_FALSE(heard(1));
  fixture.fail(1);
  CHECK(fixture.list.add(worker(1)) == AddResult::already_there);
  CHECK(fixture.states() == "w2 w3 w1 ");
  CHECK(heard(2));
  fixture.list.remove(worker(1));
  fixture.list.add(worker(1));
  CHECK_FALSE(heard(2));
}

TEST_CASE("removing a worker works in any state, and its probe in flight is ignored") {
  ListFixture fixture(2);
  fixture.fail(1);
  fixture.now += std::chrono::seconds(1);
  const auto probed = fixture.list.begin_probes(fixture.now, 10);
  REQUIRE(probed.size() == 1);
  CHECK(fixture.list.remove(worker(1)));
  CHECK(fixture.list.end_probe(probed[0].id, ProbeResult::good, fixture.now) ==
        WorkerHealth::Change::none);
  CHECK(fixture.states() == "w2 ");
  CHECK(fixture.list.remove(worker(2)));
  CHECK(fixture.states().empty());
}

TEST_CASE("with the reference's behavior, a failed worker is forgotten and none is probed") {
  ListFixture fixture(2, reference_behavior);
  CHECK(fixture.fail(1));
  CHECK(fixture.states() == "w2 ");
  fixture.now += std::chrono::hours(100);
  CHECK(fixture.probe(ProbeResult::refused).empty());
  CHECK(fixture.states() == "w2 ");
}

TEST_CASE("ejected workers count toward the list's limit") {
  ListFixture fixture(static_cast<int>(workers_max));
  fixture.fail(1);
  CHECK(fixture.list.add(worker(2000)) == AddResult::list_full);
  CHECK(fixture.list.add(worker(1)) == AddResult::already_there);
  CHECK(fixture.states().starts_with("w1 "));
}

TEST_CASE("a probe can be hastened in any state, but not within a second of the last one") {
  ListFixture fixture(2);
  const auto hasten = [&](int number) {
    return fixture.list.hasten_probe(worker(number), fixture.now);
  };
  CHECK(fixture.probe(ProbeResult::good).empty());
  CHECK(hasten(1));
  CHECK(fixture.probe(ProbeResult::good) == "w1 ");
  CHECK(hasten(1));
  CHECK(fixture.probe(ProbeResult::good).empty());
  fixture.fail(2);
  CHECK(hasten(2));
  CHECK(fixture.probe(ProbeResult::good) == "w2 ");
  fixture.now += std::chrono::seconds(1);
  CHECK(fixture.probe(ProbeResult::good) == "w1 w2 ");
  CHECK(fixture.states() == "w1 w2 ");
  const int changes = fixture.changes;
  CHECK_FALSE(hasten(3));
  CHECK(fixture.changes == changes);
}

TEST_CASE("a worker's state has a beginning, and an ejection a cause") {
  std::int64_t wall_ms = 1000;
  WorkerList list([] {}, {}, {}, [&] { return wall_ms; });
  const auto row = [&] { return list.snapshot().front(); };
  const auto now = Clock::time_point(std::chrono::hours(1000));
  list.add(worker(1));
  CHECK(row().since_ms == 1000);
  list.record_why(row().worker.id, "it is in rotation");
  CHECK(row().why.empty());
  wall_ms = 2000;
  list.add(worker(1));
  CHECK(row().since_ms == 1000);
  list.eject(row().worker.id, now);
  list.record_why(row().worker.id, "it hung");
  CHECK(row().since_ms == 2000);
  CHECK(row().why == "it hung");
  wall_ms = 3000;
  SECTION("it is added again") { list.add(worker(1)); }
  SECTION("it answers again") {
    for (const int second : {1, 2}) {
      const auto at = now + std::chrono::seconds(second);
      for (const Worker& due : list.begin_probes(at, 1)) {
        list.end_probe(due.id, ProbeResult::good, at);
      }
    }
  }
  CHECK(row().state == WorkerState::in_rotation);
  CHECK(row().since_ms == 3000);
  CHECK(row().why.empty());
}

TEST_CASE("a worker that is away for too long is forgotten") {
  ListFixture fixture(2);
  fixture.fail(1);
  fixture.now += std::chrono::hours(24) - std::chrono::seconds(1);
  CHECK(fixture.forget().empty());
  fixture.now += std::chrono::seconds(1);
  CHECK(fixture.forget() == "w1 ");
  CHECK(fixture.states() == "w2 ");
  CHECK(fixture.changes == 2);
}

TEST_CASE("no worker is forgotten while most workers are away") {
  ListFixture fixture(5);
  for (const int number : {1, 2, 3}) fixture.fail(number);
  fixture.now += std::chrono::hours(1000);
  CHECK(fixture.forget().empty());
  CHECK(fixture.states() == "(w1) (w2) (w3) w4 w5 ");
  // When the third comes back, fewer than half are away, and the other two for too long.
  fixture.list.add(worker(3));
  CHECK(fixture.forget() == "w1 w2 ");
}

TEST_CASE("probes start with the longest overdue worker, a few at a time, and each once") {
  ListFixture fixture(3);
  for (const int number : {2, 3, 1}) {
    fixture.fail(number);
    fixture.now += std::chrono::milliseconds(300);
  }
  fixture.now += std::chrono::seconds(1);
  const auto begun = fixture.list.begin_probes(fixture.now, 2);
  REQUIRE(begun.size() == 2);
  CHECK(begun[0].address == worker(2));
  CHECK(begun[1].address == worker(3));
  CHECK(fixture.probe(ProbeResult::refused) == "w1 ");
}

TEST_CASE("the time of the next probe is known once it is scheduled") {
  ListFixture fixture(2);
  CHECK(fixture.list.next_probe_at() == Clock::time_point::max());
  fixture.probe(ProbeResult::good);
  CHECK(fixture.list.next_probe_at() == fixture.now + std::chrono::seconds(10));
  fixture.fail(1);
  CHECK(fixture.list.next_probe_at() <= fixture.now + std::chrono::seconds(1));
  fixture.now += std::chrono::seconds(1);
  fixture.list.begin_probes(fixture.now, 10);
  CHECK(fixture.list.next_probe_at() == fixture.now + std::chrono::seconds(9));
}
