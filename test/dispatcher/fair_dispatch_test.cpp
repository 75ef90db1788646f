#include <algorithm>
#include <atomic>
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

const ScriptedPeer::Script never_answers = [](Connection& peer) { peer.wait_for_end(); };

/// Answers one exchange with `busy`.
bool refuse_as_busy(Connection& peer) {
  if (!peer.expect(size)) return false;
  peer.send("A");
  if (!peer.expect(image->message())) return false;
  peer.send("A" + data_message(R"({"error":"busy"})"));
  return peer.expect("A");
}

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

TEST_CASE("an image that left the queue doesn't hold up those behind it") {
  ScriptedPeer hung({hang_on_image, hang_on_image}, 0, true), good({serve_all_alone});
  FairDispatchFixture fixture({&hung});
  fixture.probe_all();
  fixture.start_as("a", 2);
  asio::cancellation_signal left;
  fixture.start(fixture.outcomes.emplace_back(), std::chrono::hours(1), left.slot());
  fixture.start_as("a", 1);
  fixture.run_until([&] { return fixture.log.attempts == 2; });
  fixture.io.poll();
  left.emit(asio::cancellation_type::all);
  CHECK(fixture.run_until([&] { return fixture.done() == 1; }));
  fixture.list.add(good.address());
  fixture.dispatcher.send_waiting();
  CHECK(fixture.run_until([&] { return fixture.done() == 2; }));
  CHECK(fixture.outcomes.back() == "Samoyed by squeezenet1_1");
}

TEST_CASE("what a worker measured, decoding included, tells how many images it has room for") {
  // Its images take 3 s, almost all of it for decoding. If they took 2 ms, or less than their
  // transfer, it would have room for more than two at a time.
  const ScriptedPeer::Script serve_one_then_hang = [](Connection& peer) {
    if (!greet_as_one_thread(peer) || !peer.expect(size)) return;
    peer.send("A");
    peer.expect(image->message());
    peer.send("A" + data_message(R"({"top":[{"label":"Samoyed","probability":0.93,"class":258}],)"
                                 R"("width":2,"height":1,"times":{"queue_ms":0,"decode_ms":2998,)"
                                 R"("resize_ms":1,"forward_ms":1}})"));
    peer.expect("A");
    peer.wait_for_end();
  };
  ScriptedPeer worker({serve_one_then_hang, hang_on_image, hang_on_image, hang_on_image,
                       hang_on_image, hang_on_image, hang_on_image, hang_on_image, hang_on_image},
                      0, true);
  FairDispatchFixture fixture({&worker});
  fixture.start_as("a", 1);
  CHECK(fixture.run_until([&] { return fixture.done() == 1; }));
  fixture.start_as("a", 8);
  fixture.run_until([&] { return fixture.log.attempts >= 3; });
  fixture.io.poll();
  CHECK(fixture.log.attempts == 3);
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

TEST_CASE("a lone worker that is busy for a while ends no request") {
  // Another client fills its queue.
  std::atomic<int> refusals = 12;
  std::atomic<int> refused = 0;
  const ScriptedPeer::Script often_busy = [&](Connection& peer) {
    if (!greet_as_one_thread(peer)) return;
    while (true) {
      if (refusals-- > 0) {
        if (!refuse_as_busy(peer)) return;
        ++refused;
      } else if (!serve(peer)) {
        return;
      }
    }
  };
  ScriptedPeer worker({often_busy, often_busy, often_busy}, 0, true);
  FairDispatchFixture fixture({&worker});
  fixture.probe_all();
  fixture.start_as("a", 20);
  fixture.start_as("b", 20);
  CHECK(fixture.run_until([&] { return fixture.done() == 40; }));
  CHECK(std::ranges::count(fixture.outcomes, "Samoyed by squeezenet1_1") == 40);
  CHECK(refused == 12);
  CHECK(fixture.log.ejections == 0);
}

TEST_CASE("a request ends with its time if all workers stay busy, and doesn't flood them") {
  std::atomic<int> refused = 0;
  const ScriptedPeer::Script always_busy = [&](Connection& peer) {
    if (!greet_as_one_thread(peer)) return;
    while (refuse_as_busy(peer)) ++refused;
  };
  ScriptedPeer worker({always_busy, always_busy, always_busy}, 0, true);
  FairDispatchFixture fixture({&worker});
  fixture.probe_all();
  fixture.start_as("a", 50, std::chrono::milliseconds(2000));
  CHECK(fixture.run_until([&] { return fixture.done() == 50; }));
  for (const std::string& outcome : fixture.outcomes) {
    CHECK(outcome == "All workers are busy. Try again in a moment.");
  }
  // Two at first, then one after each pause of 20, 40, 80, 160, 320 and 500 ms.
  CHECK(refused >= 2);
  CHECK(refused <= 8);
}

TEST_CASE("an image that a busy worker refused goes to another one that gets room") {
  const ScriptedPeer::Script always_busy = [&](Connection& peer) {
    if (!greet_as_one_thread(peer)) return;
    while (refuse_as_busy(peer)) {
    }
  };
  ScriptedPeer busy({always_busy, always_busy}, 0, true);
  ScriptedPeer good({serve_all_alone, serve_all_alone, serve_all_alone}, 0, true);
  FairDispatchFixture fixture({&busy});
  fixture.probe_all();
  fixture.start_as("a", 3);
  fixture.run_until([&] { return fixture.log.attempts >= 2; });
  fixture.list.add(good.address());
  fixture.dispatcher.send_waiting();
  CHECK(fixture.run_until([&] { return fixture.done() == 3; }));
  CHECK(std::ranges::count(fixture.outcomes, "Samoyed by squeezenet1_1") == 3);
}

TEST_CASE("a worker that turns out to hang doesn't keep images waiting") {
  // It accepts connections but never answers. The image that waits for it is sent anyway, since
  // there is no other worker, and fails with it.
  ScriptedPeer hung({never_answers, never_answers, never_answers, never_answers, never_answers}, 0,
                    true);
  FairDispatchFixture fixture({&hung});
  fixture.start_as("a", 5);
  CHECK(fixture.run_until([&] { return fixture.log.attempts == 5; }));
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
