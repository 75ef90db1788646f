#include <algorithm>
#include <list>
#include <string>
#include <vector>

#include <asio/cancellation_signal.hpp>
#include <catch2/catch.hpp>

#include "support/dispatcher_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;

namespace {

/// Greets like a Samoyed worker with one thread.
bool greet_as_one_thread(Connection& peer) {
  if (!peer.expect(hello)) return false;
  peer.send(data_message(protocol::format_hello(
      {.model = "squeezenet1_1", .label_count = 1000, .image_bytes_max = 1000, .threads = 1})));
  return true;
}

const ScriptedPeer::Script serve_all_alone = [](Connection& peer) {
  if (!greet_as_one_thread(peer)) return;
  while (serve(peer)) {
  }
};
const ScriptedPeer::Script hang_on_image = [](Connection& peer) {
  greet_as_one_thread(peer);
  peer.expect(size);
  peer.wait_for_end();
};

struct FairDispatchFixture : DispatcherFixture {
  explicit FairDispatchFixture(const std::vector<const ScriptedPeer*>& peers)
      : DispatcherFixture(peers, DispatchOptions{.timeouts = patient, .queue = true}) {}

  void start_as(const std::string& name, int count,
                std::chrono::milliseconds within = std::chrono::hours(1)) {
    client = name;
    for (int i = 0; i < count; ++i) start(outcomes.emplace_back(), within);
  }
  auto done() const {
    return std::ranges::count_if(outcomes, [](const std::string& one) { return !one.empty(); });
  }

  std::list<std::string> outcomes;
};

}  // namespace

TEST_CASE("a client with many images doesn't hold up another one") {
  ScriptedPeer worker({serve_all_alone, serve_all_alone, serve_all_alone}, 0, true);
  FairDispatchFixture fixture({&worker});
  fixture.probe_all();  // Now it is known how many threads the worker has.
  fixture.start_as("hog", 60);
  CHECK(fixture.run_until([&] { return fixture.done() >= 10; }));
  std::string stranger;
  fixture.client = "stranger";
  fixture.start(stranger);
  CHECK(fixture.run_until([&] { return !stranger.empty(); }));
  CHECK(stranger == "Samoyed by squeezenet1_1");
  // Some were at the worker, and it may have been their client's turn.
  CHECK(fixture.done() <= 40);
  CHECK(fixture.run_until([&] { return fixture.done() == 60; }));
  CHECK(worker.connections() <= 3);
}

TEST_CASE("images wait for a free worker, but not until it is too late to send them") {
  ScriptedPeer worker({hang_on_image, hang_on_image}, 0, true);
  FairDispatchFixture fixture({&worker});
  fixture.probe_all();
  fixture.start_as("a", 2);
  fixture.start_as("b", 2, std::chrono::milliseconds(100));
  CHECK(fixture.run_until([&] { return fixture.done() == 2; }));
  CHECK(fixture.log.attempts == 2);
  CHECK(fixture.outcomes.back() == "All workers are busy. Try again in a moment.");
}

TEST_CASE("an image that nobody wants any more leaves the queue") {
  ScriptedPeer hung({hang_on_image, hang_on_image}, 0, true), good({});
  FairDispatchFixture fixture({&hung});
  fixture.probe_all();
  fixture.start_as("a", 2);
  asio::cancellation_signal left;
  fixture.start(fixture.outcomes.emplace_back(), std::chrono::hours(1), left.slot());
  fixture.run_until([&] { return fixture.log.attempts == 2; });
  fixture.io.poll();  // The third one has begun to wait, too.
  left.emit(asio::cancellation_type::all);
  CHECK(fixture.run_until([&] { return fixture.done() == 1; }));
  fixture.list.add(good.address());
  fixture.dispatcher.send_waiting();
  CHECK(fixture.log.attempts == 2);
}

TEST_CASE("a worker that is added gets the images that wait") {
  ScriptedPeer hung({hang_on_image, hang_on_image}, 0, true), good({serve_all_alone});
  FairDispatchFixture fixture({&hung});
  fixture.probe_all();
  fixture.start_as("a", 3);
  fixture.run_until([&] { return fixture.log.attempts == 2; });
  fixture.list.add(good.address());
  fixture.dispatcher.send_waiting();
  CHECK(fixture.run_until([&] { return fixture.done() == 1; }));
  CHECK(fixture.outcomes.back() == "Samoyed by squeezenet1_1");
}

TEST_CASE("a worker has room for two images per thread, or for more quick ones") {
  WorkerList list;
  list.add({"w1", 1});
  list.add({"w2", 1});
  const auto fill = [&](WorkerId id) {
    int count = 0;
    while (!list.must_wait("m", {}) && count < 1000) list.begin_attempt(id), ++count;
    for (int i = 0; i < count; ++i) list.end_attempt(id, AttemptEnd::uncounted, {});
    return count;
  };
  list.set_model(1, {"m", true}, 3);
  list.set_model(2, {"other", true}, 3);
  CHECK(fill(1) == 6);
  list.record_cost(1, 1);
  CHECK(fill(1) == 30);
  for (int i = 0; i < 100; ++i) list.record_cost(1, 1000);
  CHECK(fill(1) == 6);
  list.set_model(1, {"m", true});  // It is older than `threads`.
  CHECK(fill(1) == 32);
  // No worker at all is no reason to wait.
  CHECK(!list.must_wait("none", {}));
}

TEST_CASE("a worker without room is passed over, and all of them if nobody has any") {
  WorkerList list;
  for (const char* host : {"w1", "w2", "w3"}) list.add({host, 1});
  for (WorkerId id = 1; id <= 3; ++id) list.set_model(id, {"m", true}, 1);
  for (int i = 0; i < 2; ++i) list.begin_attempt(2);
  std::string picks;
  for (int i = 0; i < 4; ++i) picks += list.pick()->address.host + " ";
  CHECK(picks == "w1 w3 w1 w3 ");
  for (WorkerId id : {1, 3}) {
    for (int i = 0; i < 2; ++i) list.begin_attempt(id);
  }
  CHECK(list.pick()->address.host == "w1");
  CHECK(list.pick()->address.host == "w2");
}
