#include <string>

#include <catch2/catch.hpp>

#include "support/dispatcher_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;
using namespace std::chrono_literals;

namespace {

struct SlowWorkersFixture {
  explicit SlowWorkersFixture(int count) {
    for (int i = 1; i <= count; ++i) list.add({"w" + std::to_string(i), 1});
  }
  std::string pick() { return list.pick({}, now).value().address.host; }
  std::string pick_other(WorkerId after) {
    const std::vector<WorkerId> tried{after};
    return list.pick_other(after, tried, {}, now).value().address.host;
  }
  static std::string host(const DispatchPlan::Action& action) {
    const auto* attempt = std::get_if<DispatchPlan::StartAttempt>(&action);
    return attempt ? attempt->worker.address.host : "none";
  }

  Clock::time_point now = Clock::time_point(1h);
  WorkerList list;
  DispatchPlan plan{list, now + 60s};
};

}  // namespace

TEST_CASE("a worker that doesn't answer its first contact is picked last until it answers") {
  SlowWorkersFixture f(3);
  f.list.begin_attempt(1, f.now);
  CHECK(f.list.begin_probes(f.now, 9).empty());
  f.now += 500ms;
  CHECK(f.pick() == "w1");  // It still has time.
  f.now += 1ms;
  for (const char* other : {"w2", "w3", "w2", "w3"}) CHECK(f.pick() == other);
  CHECK(f.pick_other(3) == "w2");
  f.list.begin_attempt(2, f.now);
  f.list.begin_attempt(3, f.now);
  f.now += 1s;
  // Any worker is better than none.
  for (const char* any : {"w1", "w2", "w3", "w1"}) CHECK(f.pick() == any);
  f.list.answered(2, f.now);
  for (int i = 0; i < 3; ++i) CHECK(f.pick() == "w2");
  f.list.set_reference(3);
  CHECK(f.pick() == "w3");
  CHECK(f.pick() == "w2");
}

TEST_CASE("a retry prefers a worker that has answered an image") {
  SlowWorkersFixture f(3);
  f.list.answered(2, f.now);
  CHECK(f.pick_other(1) == "w2");
  f.list.begin_attempt(3, f.now);
  f.list.end_attempt(3, AttemptEnd::done, {});
  CHECK(f.pick_other(1) == "w3");
}

TEST_CASE("one attempt may use at most half of the time that is left") {
  SlowWorkersFixture f(3);
  for (WorkerId id = 1; id <= 3; ++id) f.list.answered(id, f.now);
  const auto start = f.now;
  CHECK(f.host(f.plan.start(f.now)) == "w1");
  CHECK(f.plan.overdue_at() == start + 30s);
  f.now += 30s;
  CHECK(f.host(f.plan.on_overdue(f.now)) == "w2");
  CHECK(f.plan.overdue_at() == start + 45s);
  // The first attempt is still in flight, and its answer counts.
  CHECK(std::holds_alternative<DispatchPlan::Finished>(f.plan.on_result(0, seen, f.now)));
}

TEST_CASE("an attempt at a worker that has never answered gets a second") {
  SlowWorkersFixture f(3);
  const auto start = f.now;
  CHECK(f.host(f.plan.start(f.now)) == "w1");
  CHECK(f.plan.overdue_at() == start + 1s);
  f.now += 1s;
  f.list.answered(3, f.now);
  CHECK(f.host(f.plan.on_overdue(f.now)) == "w2");
  f.now += 1s;
  CHECK(f.host(f.plan.on_overdue(f.now)) == "w3");
  CHECK(f.plan.overdue_at() == f.now + 29s);
  // No other worker is left, so the plan waits for these.
  f.now += 29s;
  CHECK(std::holds_alternative<DispatchPlan::Wait>(f.plan.on_overdue(f.now)));
  CHECK(f.plan.overdue_at() == Clock::time_point::max());
}

TEST_CASE("an image that harmed a worker is not sent to two more at once") {
  SlowWorkersFixture f(3);
  f.plan.start(f.now);
  AttemptFailure died{.kind = AttemptFailure::Kind::connection_lost,
                      .progress = protocol::Progress::image_sent,
                      .why = {}};
  CHECK(f.host(f.plan.on_failure(0, died, f.now)) == "w2");
  f.now += 31s;
  CHECK(std::holds_alternative<DispatchPlan::Wait>(f.plan.on_overdue(f.now)));
}

TEST_CASE("a worker that hangs keeps no image from a worker that answers") {
  const bool says_hello = GENERATE(false, true);
  const ScriptedPeer::Script hang = [says_hello](Connection& peer) {
    if (says_hello) {
      greet(peer);
    }
    peer.wait_for_end();
  };
  ScriptedPeer hung({hang}), good({serve_all});
  DispatcherFixture fixture({&hung, &good});
  CHECK(fixture.classify(6s) == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.attempts == 2);
  CHECK(fixture.log.ejections == 0);
}
