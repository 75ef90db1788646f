#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dispatcher/dispatch_plan.hpp"
#include "support/dispatcher_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using protocol::Refusal;
using protocol::RefusalReason;
using test::seen;

namespace {

const Refusal internal{RefusalReason::internal, "It failed."};

/// A list of the workers w1 .. wN, some of which answer `internal`.
struct InternalErrorsFixture {
  explicit InternalErrorsFixture(int count, HealthOptions health = {}) : list([] {}, health) {
    for (int i = 1; i <= count; ++i) list.add({"w" + std::to_string(i), 1});
  }

  /// Sends one image to as many workers as the plan wants. `fails` says which workers fail on it.
  /// Returns the workers that were tried and the outcome: r for recognized, f for failed.
  std::string send(const std::function<bool(const std::string&)>& fails) {
    DispatchPlan plan(list, now + std::chrono::seconds(60));
    std::string tried;
    auto action = plan.start(now);
    while (const auto* attempt = std::get_if<DispatchPlan::StartAttempt>(&action)) {
      const Worker worker = attempt->worker;
      const std::string& host = worker.address.host;
      tried += host + " ";
      const protocol::Result result = fails(host) ? protocol::Result(internal) : seen;
      list.begin_attempt(worker.id, now);
      list.set_model(worker.id, {"model", true});
      list.end_attempt(worker.id, fails(host) ? AttemptEnd::failed : AttemptEnd::done, {});
      action = plan.on_result(attempt->number, result, now);
      if (plan.ejected()) ejected.push_back(plan.ejected()->address.host);
    }
    const auto& end = std::get<DispatchPlan::Finished>(action).end;
    if (std::holds_alternative<protocol::Recognition>(end)) return tried + "r";
    CHECK(std::get<Failure>(end).refusal == internal);
    return tried + "f";
  }

  Clock::time_point now = Clock::time_point(std::chrono::hours(1));
  WorkerList list;
  std::vector<std::string> ejected;
};

const auto w1_fails = [](const std::string& host) { return host == "w1"; };
const auto all_fail = [](const std::string&) { return true; };

}  // namespace

TEST_CASE("an image on which a worker reports an internal error is tried on one other worker") {
  InternalErrorsFixture f(3);
  CHECK(f.send(w1_fails) == "w1 w2 r");
  CHECK(f.send(w1_fails) == "w2 r");
  CHECK(f.send(all_fail) == "w3 w2 f");
  InternalErrorsFixture lone(1);
  CHECK(lone.send(all_fail) == "w1 f");
}

TEST_CASE("a worker that always reports internal errors is ejected") {
  InternalErrorsFixture f(3);
  int failed = 0;
  for (int i = 0; i < 90; ++i) failed += f.send(w1_fails).back() == 'f' ? 1 : 0;
  CHECK(failed == 0);
  CHECK(f.ejected == std::vector<std::string>{"w1"});
  CHECK(f.list.in_rotation_count() == 2);
}

TEST_CASE("a worker that fails far more often than the others is ejected") {
  InternalErrorsFixture f(3);
  int count = 0;
  // Every second image, so never several in a row.
  const auto often = [&](const std::string& host) { return host == "w1" && ++count % 4 < 2; };
  for (int i = 0; i < 300; ++i) f.send(often);
  CHECK(f.ejected == std::vector<std::string>{"w1"});
}

TEST_CASE("an occasional internal error ejects no worker") {
  InternalErrorsFixture f(3);
  int count = 0;
  const auto seldom = [&](const std::string& host) { return host == "w1" && ++count % 20 < 2; };
  for (int i = 0; i < 300; ++i) f.send(seldom);
  CHECK(f.ejected.empty());
}

TEST_CASE("images on which every worker fails eject no worker") {
  InternalErrorsFixture f(4);
  for (int i = 0; i < 50; ++i) CHECK(f.send(all_fail).back() == 'f');
  CHECK(f.ejected.empty());
}

TEST_CASE("internal errors eject at most half of the workers") {
  const auto [count, out_max] = GENERATE(table<int, std::size_t>({{2, 1}, {3, 1}, {4, 2}, {5, 2}}));
  InternalErrorsFixture f(count);
  // Only the last worker recognizes anything.
  const std::string good = "w" + std::to_string(count);
  for (int i = 0; i < 400; ++i) f.send([&](const std::string& host) { return host != good; });
  CHECK(f.ejected.size() == out_max);
}

TEST_CASE("a worker that returns and fails again is ejected at once, after a longer pause") {
  InternalErrorsFixture f(3);
  const auto send_until_ejected = [&] {
    const std::size_t before = f.ejected.size();
    int images = 0;
    while (f.ejected.size() == before && images < 90) f.send(w1_fails), ++images;
    return images;
  };
  CHECK(send_until_ejected() > 3);
  Clock::duration last_pause{};
  for (int round = 0; round < 3; ++round) {
    const auto pause = f.list.next_probe_at() - f.now;
    CHECK(pause > last_pause);
    last_pause = pause;
    while (f.list.in_rotation_count() < 3) {
      f.now = f.list.next_probe_at();
      for (const Worker& worker : f.list.begin_probes(f.now, 9)) {
        f.list.end_probe(worker.id, ProbeResult::good, f.now);
      }
    }
    CHECK(send_until_ejected() <= 3);
  }
}

TEST_CASE("an internal error is no answer that shortens the pauses of a worker that returns") {
  test::ScriptedPeer failing({[](test::Connection& peer) {
    test::greet(peer);
    peer.expect(test::size);
    peer.send("A");
    peer.expect(test::image->message());
    peer.send("A" + protocol::data_message(R"({"error":"internal"})"));
    peer.expect("A");
  }});
  constexpr std::chrono::hours pause(1);
  test::DispatcherFixture fixture({&failing}, DispatchOptions{.timeouts = test::patient},
                                  {.first_probe_pause = pause,
                                   .probe_pause_max = 100 * pause,
                                   .idle_probe_interval = 1000 * pause});
  WorkerList& list = fixture.list;
  auto now = Clock::now();
  list.eject(1, now);
  while (list.in_rotation_count() == 0) {
    now = list.next_probe_at();
    for (const Worker& worker : list.begin_probes(now, 1)) {
      list.end_probe(worker.id, ProbeResult::good, now);
    }
  }
  fixture.classify();
  CHECK(fixture.log.attempts == 1);
  list.eject(list.snapshot().at(0).worker.id, now);
  CHECK(list.next_probe_at() > now + pause);
}
