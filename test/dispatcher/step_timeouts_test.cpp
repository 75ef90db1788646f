/// Each step of an exchange has a timeout of its own.

#include <atomic>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "support/dispatcher_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;

TEST_CASE("a worker that hangs is ejected after the timeout of that step") {
  constexpr std::chrono::milliseconds soon{50};
  constexpr std::chrono::milliseconds never = std::chrono::hours(1);
  StepTimeouts timeouts{.connect = never, .answer = never, .image = never, .result = never};
  int steps = 0;  // That the worker takes part in before it hangs.
  SECTION("hello") { timeouts.answer = soon; }
  SECTION("size") {
    timeouts.answer = soon;
    steps = 1;
  }
  SECTION("image") {
    timeouts.image = soon;
    steps = 2;
  }
  SECTION("result") {
    timeouts.result = soon;
    steps = 3;
  }
  ScriptedPeer worker({[steps](Connection& peer) {
    if (steps >= 1) greet(peer);
    if (steps >= 2) {
      peer.expect(size);
      peer.send("A");
    }
    if (steps >= 3) {
      peer.expect(image->message());
      peer.send("A");
    }
    peer.wait_for_end();
  }});
  DispatcherFixture fixture({&worker}, timeouts);
  fixture.classify();
  CHECK(fixture.log.attempts == 1);
  CHECK(fixture.log.ejections == 1);
}

TEST_CASE("bytes that arrive one by one don't prolong a step") {
  std::atomic<bool> ended = false;
  ScriptedPeer worker({[&](Connection& peer) {
    greet(peer);
    peer.expect(size);
    peer.send("A");
    peer.expect(image->message());
    peer.send("AD ");
    while (!ended) {
      peer.send("x");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }});
  StepTimeouts timeouts = patient;
  timeouts.result = std::chrono::milliseconds(100);
  DispatcherFixture fixture({&worker}, timeouts);
  fixture.classify();
  ended = true;
  CHECK(fixture.log.ejections == 1);
}
