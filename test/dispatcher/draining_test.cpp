// Workers that say in their hellos that they are about to stop.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/dispatch_plan.hpp"
#include "support/dispatcher_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;
using std::chrono::seconds;
using Change = WorkerHealth::Change;

namespace {

constexpr HealthOptions by_default{};
constexpr std::chrono::milliseconds hourly = std::chrono::hours(1);
const std::string draining_reply = data_message(
    protocol::format_hello({.model = "squeezenet1_1", .image_bytes_max = 1000, .draining = true}));

/// A worker's health, at the time of its next probe.
struct Leaver {
  explicit Leaver(bool drains = true) {
    health.schedule(now, by_default);
    if (drains) CHECK(probe(ProbeResult::draining) == Change::draining);
  }
  Change probe(ProbeResult result) {
    now = health.probe_due().value();
    health.begin_probe();
    return health.end_probe(result, now, by_default, 0);
  }
  Clock::duration until_probe() const { return health.probe_due().value() - now; }

  Clock::time_point now = Clock::time_point(std::chrono::hours(1));
  WorkerHealth health;
};

/// The workers w1, w2 and w3, of which some drain.
struct Kennel {
  explicit Kennel(HealthOptions health = {}) : list([this] { ++changes; }, health) {
    for (const char* const host : {"w1", "w2", "w3"}) list.add({host, 1});
    changes = 0;
  }
  WorkerId id_of(const std::string& host) const {
    for (const WorkerRow& row : list.snapshot()) {
      if (row.worker.address.host == host) return row.worker.id;
    }
    return 0;
  }
  Change greet(const std::string& host, bool draining) {
    return list.greeted(id_of(host), draining, now);
  }
  std::string picks(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      const auto worker = list.pick({}, now);
      text += (worker ? worker->address.host : "none") + " ";
    }
    return text;
  }
  std::string pick_other(const std::vector<WorkerId>& tried) const {
    const auto worker = list.pick_other(tried.back(), tried, {}, now);
    return worker ? worker->address.host : "none";
  }
  /// Fills a worker up to its room.
  void fill(const std::string& host) {
    for (int i = 0; i < 4; ++i) list.begin_attempt(id_of(host), now);
  }
  WorkerRow row_of(const std::string& host) const {
    for (WorkerRow& row : list.snapshot()) {
      if (row.worker.address.host == host) return std::move(row);
    }
    return {};
  }

  const Clock::time_point now = Clock::time_point(std::chrono::hours(1));
  int changes = 0;
  WorkerList list;
};

/// Says that it is about to stop, and serves on until the client closes the connection.
void drain_and_serve(Connection& peer) {
  peer.expect(hello);
  peer.send(draining_reply);
  while (serve(peer)) {
  }
}

/// Says that it is about to stop, and closes the connection.
void drain_and_close(Connection& peer) {
  peer.expect(hello);
  peer.send(draining_reply);
}

TEST_CASE("a worker that says that it drains is probed until it has stopped") {
  Leaver leaver;
  CHECK(leaver.health.state() == WorkerState::draining);
  CHECK(leaver.health.is_leaving());
  for (int i = 0; i < 3; ++i) {
    CHECK(leaver.until_probe() == seconds(1));
    CHECK(leaver.probe(ProbeResult::draining) == Change::none);
  }
  CHECK(leaver.probe(ProbeResult::inconclusive) == Change::none);
  SECTION("its port is closed") { CHECK(leaver.probe(ProbeResult::refused) == Change::left); }
  SECTION("its machine is gone") {
    CHECK(leaver.probe(ProbeResult::bad) == Change::none);
    CHECK(leaver.probe(ProbeResult::bad) == Change::left);
  }
  CHECK(leaver.health.state() == WorkerState::ejected);
  CHECK(leaver.health.is_leaving());
}

TEST_CASE("a worker that had said that it stops is back after one good probe") {
  Leaver leaver;
  leaver.probe(ProbeResult::refused);
  CHECK(leaver.probe(ProbeResult::good) == Change::readmitted);
  CHECK_FALSE(leaver.health.is_leaving());
  // This doesn't help it when it dies later.
  leaver.health.eject(leaver.now, by_default, 0);
  CHECK(leaver.probe(ProbeResult::good) == Change::none);
}

TEST_CASE("a worker that had said that it stops is probed often while it may be restarting") {
  Leaver leaver;
  leaver.probe(ProbeResult::refused);
  const auto left_at = leaver.now;
  while (leaver.now < left_at + seconds(30)) {
    CHECK(leaver.until_probe() == seconds(1));
    leaver.probe(ProbeResult::refused);
  }
  for (const int pause_s : {2, 4, 8}) {
    CHECK(leaver.until_probe() == seconds(pause_s));
    leaver.probe(ProbeResult::refused);
  }
}

TEST_CASE("an ejected worker doesn't return by saying that it drains") {
  Leaver leaver(false);
  leaver.health.eject(leaver.now, by_default, 0);
  CHECK(leaver.probe(ProbeResult::good) == Change::none);
  CHECK(leaver.probe(ProbeResult::draining) == Change::none);
  CHECK(leaver.probe(ProbeResult::good) == Change::none);
  CHECK(leaver.health.state() == WorkerState::ejected);
  CHECK(leaver.probe(ProbeResult::good) == Change::readmitted);
}

TEST_CASE("a worker that no longer says that it drains is ready at once") {
  Leaver leaver;
  SECTION("in a probe's hello") { CHECK(leaver.probe(ProbeResult::good) == Change::readmitted); }
  SECTION("in another one") {
    CHECK(leaver.health.greeted(false, leaver.now, by_default) == Change::readmitted);
  }
  CHECK(leaver.health.state() == WorkerState::in_rotation);
  CHECK(leaver.until_probe() == seconds(10));
}

TEST_CASE("a draining worker gets an image only if no other is left") {
  Kennel kennel;
  CHECK(kennel.greet("w2", true) == Change::draining);
  CHECK(kennel.greet("w2", true) == Change::none);
  CHECK(kennel.changes == 1);
  CHECK(kennel.picks(4) == "w1 w3 w1 w3 ");
  const std::vector both{kennel.id_of("w1"), kennel.id_of("w3")};
  CHECK(kennel.pick_other({both[0]}) == "w3");
  CHECK(kennel.pick_other(both) == "w2");
  CHECK(kennel.list.in_rotation_count() == 2);
  kennel.greet("w1", true);
  kennel.greet("w3", true);
  CHECK(kennel.list.in_rotation_count() == 0);
  CHECK(kennel.list.any_serves());
  CHECK(kennel.picks(3) == "w1 w2 w3 ");
  for (const char* const host : {"w1", "w2", "w3"})
    CHECK(kennel.list.leave(kennel.id_of(host), {}));
  CHECK_FALSE(kennel.list.any_serves());
  CHECK(kennel.picks(1) == "none ");
}

TEST_CASE(
    "images wait for room at the workers that stay, and at draining ones if there are no others") {
  Kennel kennel;
  kennel.greet("w1", true);
  kennel.fill("w2");
  kennel.fill("w3");
  CHECK(kennel.list.must_wait({}, kennel.now));
  kennel.list.eject(kennel.id_of("w2"), kennel.now);
  kennel.list.eject(kennel.id_of("w3"), kennel.now);
  CHECK_FALSE(kennel.list.must_wait({}, kennel.now));
  kennel.fill("w1");
  CHECK(kennel.list.must_wait({}, kennel.now));
}

TEST_CASE("a draining worker has no faults, and its end is no failure") {
  Kennel kennel;
  kennel.greet("w1", true);
  for (int i = 0; i < 100; ++i) CHECK_FALSE(kennel.list.record_fault(kennel.id_of("w1"), {}));
  CHECK_FALSE(kennel.list.leave(kennel.id_of("w2"), {}));
  CHECK_FALSE(kennel.list.is_leaving(kennel.id_of("w2")));
  CHECK(kennel.list.leave(kennel.id_of("w1"), {}));
  CHECK(kennel.list.is_leaving(kennel.id_of("w1")));
  CHECK_FALSE(kennel.list.leave(kennel.id_of("w1"), {}));
  CHECK(kennel.row_of("w1").state == WorkerState::ejected);
  CHECK(kennel.row_of("w1").why == "it was stopped");
  CHECK(kennel.row_of("w1").counts.failed == 0);
}

TEST_CASE("a draining worker that comes back can't be ejected by what failed before") {
  Kennel kennel;
  const WorkerId before = kennel.id_of("w1");
  kennel.greet("w1", true);
  CHECK(kennel.greet("w1", false) == Change::readmitted);
  CHECK_FALSE(kennel.list.eject(before, {}));
  CHECK(kennel.row_of("w1").state == WorkerState::in_rotation);
  CHECK(kennel.picks(3) == "w2 w3 w1 ");
}

TEST_CASE("a worker that comes back while a probe is in flight is probed again") {
  Kennel kennel;
  kennel.greet("w1", true);
  kennel.list.begin_probes(kennel.now + hourly, 3);
  kennel.greet("w1", false);
  kennel.list.begin_probes(kennel.now + hourly, 3);
  const auto due = kennel.list.begin_probes(kennel.now + 2 * hourly, 3);
  const auto is_back = [](const Worker& worker) { return worker.address.host == "w1"; };
  CHECK(std::ranges::any_of(due, is_back));
}

TEST_CASE("without probes, draining workers stay in rotation") {
  Kennel kennel({.readmit = false});
  CHECK(kennel.greet("w1", true) == Change::none);
  CHECK(kennel.picks(3) == "w1 w2 w3 ");
}

TEST_CASE("the default model stays while its workers drain") {
  WorkerList list([] {}, {}, {DefaultModel::Rule::first_trained, {}});
  for (const char* const host : {"w1", "w2"}) list.add({host, 1});
  const auto rows = list.snapshot();
  list.set_model(rows[0].worker.id, {"a", true, 10});
  list.set_model(rows[1].worker.id, {"b", true, 10});
  list.greeted(rows[0].worker.id, true, {});
  CHECK(list.pick({})->address.host == "w1");
  list.leave(rows[0].worker.id, {});
  CHECK(list.pick({})->address.host == "w2");
}

TEST_CASE("a worker that left before it had the image is blamed for nothing") {
  const AttemptFailure failure{.kind = AttemptFailure::Kind::left, .why = {}};
  CHECK(blame(failure) == Blame::choice);
  CHECK(count_as(failure, false) == AttemptEnd::uncounted);
}

TEST_CASE("a hello on any connection takes a draining worker out, and it answers that image") {
  ScriptedPeer draining({drain_and_serve});
  ScriptedPeer other({serve_all});
  DispatcherFixture fixture({&draining, &other}, DispatchOptions{.timeouts = patient});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(draining.connections() == 1);
  CHECK(other.connections() == 0);
  CHECK(fixture.log.drained == 1);
  for (int i = 0; i < 3; ++i) CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(draining.connections() == 1);
  CHECK(fixture.list.snapshot()[0].state == WorkerState::draining);
  CHECK(fixture.list.snapshot()[0].counts.done == 1);
}

TEST_CASE("a draining worker that ends costs no request and no failure") {
  std::optional<ScriptedPeer> draining;
  SECTION("its port is closed") {
    draining.emplace(std::vector<ScriptedPeer::Script>{drain_and_close});
  }
  SECTION("it closes new connections") {
    draining.emplace(
        std::vector<ScriptedPeer::Script>{drain_and_close, drain_and_close, drain_and_close});
  }
  DispatcherFixture fixture({&*draining}, DispatchOptions{.timeouts = patient});
  fixture.probe_all();
  fixture.list.greeted(fixture.list.snapshot()[0].worker.id, true, Clock::now());
  ScriptedPeer other({greet});
  // The draining one is tried because it is the only one.
  CHECK(fixture.classify() == no_worker);
  const WorkerRow row = fixture.list.snapshot()[0];
  CHECK(row.counts.failed == 0);
  CHECK(fixture.log.ejections == 0);
}

TEST_CASE("the monitor sees a worker drain, leave and come back") {
  const auto serving = std::make_unique<ScriptedPeer>(
      std::vector<ScriptedPeer::Script>{drain_and_close, drain_and_close});
  const auto address = serving->address();
  constexpr std::chrono::milliseconds instant{10};
  DispatcherFixture fixture(
      {serving.get()}, DispatchOptions{.timeouts = patient},
      {.first_probe_pause = instant, .probe_pause_max = instant, .idle_probe_interval = instant});
  HealthMonitor monitor(fixture.io.get_executor(), fixture.dispatcher, fixture.list, fixture.log);
  fixture.on_change = [&] { monitor.wake(); };
  asio::co_spawn(fixture.io, monitor.run(),
                 [](std::exception_ptr failure) { CHECK_FALSE(failure); });
  CHECK(fixture.run_until([&] { return fixture.log.drained == 1; }));
  CHECK(fixture.run_until([&] { return fixture.log.left == 1; }));
  CHECK(serving->connections() == 2);
  ScriptedPeer restarted({greet, serve_all}, address.port);
  CHECK(fixture.run_until([&] { return fixture.log.readmissions == 1; }));
  CHECK(fixture.log.ejections == 0);
}

}  // namespace
