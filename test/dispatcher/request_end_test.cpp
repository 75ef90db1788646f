// Requests that end before their worker answers, because of a deadline, a cancellation or a faster
// worker.

#include <catch2/catch.hpp>

#include "support/dispatcher_fixture.hpp"
#include "support/gate.hpp"
#include "support/silent_listener.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;

namespace {

constexpr std::chrono::milliseconds soon{200};
const std::string client_left = "The client disconnected before the answer was ready.";

DispatchOptions hedging() { return {.timeouts = patient, .hedge_after = soon}; }

/// A Samoyed worker that receives the image and never answers. Opens `left` when the client has
/// disconnected.
ScriptedPeer::Script take_and_hang(Gate& taken, Gate& left) {
  return [&](Connection& peer) {
    peer.expect(hello);
    peer.send(hello_reply);
    peer.expect(size);
    peer.send("A");
    peer.expect(image->message());
    peer.send("A");
    taken.open();
    peer.wait_for_end();
    left.open();
  };
}

}  // namespace

TEST_CASE("a connection that isn't established in time is given up for the next worker") {
  asio::io_context io;
  asio::ip::tcp::acceptor full(io, {asio::ip::address_v4::loopback(), 0}, true);
  full.listen(0);
  // The kernel queues one connection that is never accepted, and doesn't answer further ones.
  asio::ip::tcp::socket queued(io);
  queued.connect(full.local_endpoint());
  ScriptedPeer good({serve_all});
  StepTimeouts timeouts = patient;
  timeouts.connect = std::chrono::seconds(1);
  DispatcherFixture fixture({}, timeouts);
  fixture.list.add({"127.0.0.1", full.local_endpoint().port()});
  fixture.list.add(good.address());
  // This is generous, and far below the two minutes after which the kernel gives up by itself.
  CHECK(fixture.classify(std::chrono::seconds(30)) == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.ejections == 1);
  CHECK(fixture.workers_left() == 1);
}

TEST_CASE("a request's deadline is not blamed on the worker, at whichever step it passes") {
  const std::vector<std::pair<std::string, ScriptedPeer::Script>> steps{
      {"hello", [](Connection& peer) { peer.wait_for_end(); }},
      {"size",
       [](Connection& peer) {
         greet(peer);
         peer.wait_for_end();
       }},
      {"image",
       [](Connection& peer) {
         greet(peer);
         peer.expect(size);
         peer.send("A");
         peer.wait_for_end();
       }},
      {"result",
       [](Connection& peer) {
         greet(peer);
         peer.expect(size);
         peer.send("A");
         peer.expect(image->message());
         peer.send("A");
         peer.wait_for_end();
       }},
  };
  for (const auto& [name, step] : steps) {
    INFO("while waiting for the answer to the " << name);
    ScriptedPeer slow({step});
    DispatcherFixture fixture({&slow});
    CHECK(fixture.classify(soon) == too_late);
    CHECK(fixture.workers_left() == 1);
    CHECK(fixture.log.ejections == 0);
  }
}

TEST_CASE("a request whose deadline has already passed is sent to no worker") {
  ScriptedPeer worker({serve_all});
  DispatcherFixture fixture({&worker});
  CHECK(fixture.classify(std::chrono::milliseconds(0)) == too_late);
  CHECK(fixture.log.attempts == 0);
}

TEST_CASE("a worker is probed soon after a request stopped waiting for it") {
  Gate taken, left;
  ScriptedPeer hung({take_and_hang(taken, left)});
  DispatcherFixture fixture({&hung});
  CHECK(fixture.classify(soon) == too_late);
  CHECK(fixture.list.next_probe_at() <= Clock::now());
}

TEST_CASE("a client that disconnects ends its request and the worker's connection at once") {
  Gate taken, left;
  ScriptedPeer hung({take_and_hang(taken, left)});
  DispatcherFixture fixture({&hung});
  asio::cancellation_signal signal;
  std::string words;
  fixture.start(words, std::chrono::hours(1), signal.slot());
  REQUIRE(fixture.run_until([&] { return taken.is_open(); }));
  CHECK(words.empty());
  signal.emit(asio::cancellation_type::all);
  CHECK(fixture.run_until([&] { return !words.empty(); }));
  CHECK(words == client_left);
  CHECK(left.wait());
  CHECK(fixture.workers_left() == 1);
}

TEST_CASE("a cancellation after the end of the request has no effect") {
  ScriptedPeer worker({serve_all});
  DispatcherFixture fixture({&worker});
  asio::cancellation_signal signal;
  std::string words;
  fixture.start(words, std::chrono::hours(1), signal.slot());
  CHECK(fixture.run_until([&] { return !words.empty(); }));
  signal.emit(asio::cancellation_type::all);
  CHECK(words == "Samoyed by squeezenet1_1");
}

TEST_CASE("a worker that supports timeouts gets the time that the request will wait") {
  const protocol::WorkerHello patient_worker{.model = "squeezenet1_1",
                                             .label_count = 1000,
                                             .image_bytes_max = 1000,
                                             .takes_timeout = true};
  std::string received;
  Gate received_all;
  ScriptedPeer worker({[&](Connection& peer) {
    peer.expect(hello);
    peer.send(data_message(format_hello(patient_worker)));
    received = peer.read_until(" -");
    received_all.open();
    peer.read_until("\n");  // The rest of the checksum and the end of the message.
  }});
  const auto milliseconds_sent = [&] {
    REQUIRE(received_all.wait());
    const std::string before = "D 8;timeout_ms=";
    REQUIRE(received.starts_with(before));
    return std::stoi(received.substr(before.size()));
  };
  SECTION("the result timeout") {
    DispatcherFixture fixture({&worker}, impatient);
    fixture.classify(std::chrono::hours(1));
    CHECK(milliseconds_sent() == 300);
  }
  SECTION("the request's remaining time, if that is shorter") {
    DispatcherFixture fixture({&worker}, patient);
    fixture.classify(std::chrono::seconds(2));
    CHECK(milliseconds_sent() <= 2000);
    CHECK(milliseconds_sent() > 0);
  }
}

TEST_CASE("an abandoned transfer to a reference server is completed") {
  Gate begun, go_on, done;
  bool whole = false;
  bool acknowledged = false;
  ScriptedPeer plain({answer_hello_plainly, [&](Connection& peer) {
                        peer.expect(size);
                        begun.open();
                        go_on.wait();
                        peer.send("A");
                        whole = peer.expect(image->message());
                        peer.send("A");
                        peer.send(plain_result);
                        acknowledged = peer.expect("A");
                        done.open();
                      }});
  DispatcherFixture fixture({&plain});
  asio::cancellation_signal signal;
  std::string words;
  fixture.start(words, std::chrono::hours(1), signal.slot());
  REQUIRE(fixture.run_until([&] { return begun.is_open(); }));
  signal.emit(asio::cancellation_type::all);
  CHECK(fixture.run_until([&] { return !words.empty(); }));
  CHECK(words == client_left);
  bool finished = false;
  asio::co_spawn(fixture.io, fixture.dispatcher.finish(Clock::now() + std::chrono::hours(1)),
                 [&](std::exception_ptr) { finished = true; });
  fixture.io.poll();
  CHECK_FALSE(finished);
  go_on.open();
  CHECK(fixture.run_until([&] { return done.is_open() && finished; }));
  CHECK(whole);
  CHECK(acknowledged);
  CHECK(fixture.workers_left() == 1);
}

TEST_CASE("an abandoned attempt may still eject its worker") {
  Gate begun, go_on;
  const auto begin = [&](Connection& peer) {
    peer.expect(size);
    begun.open();
    go_on.wait();
  };
  const std::vector<std::pair<std::string, ScriptedPeer::Script>> deaths{
      {"a reset",
       [&](Connection& peer) {
         begin(peer);
         peer.reset_at_end();
       }},
      {"a step timeout",
       [&](Connection& peer) {
         begin(peer);
         peer.wait_for_end();
       }},
  };
  for (const auto& [name, death] : deaths) {
    DYNAMIC_SECTION(name) {
      ScriptedPeer plain({answer_hello_plainly, death});
      DispatcherFixture fixture({&plain}, impatient);
      asio::cancellation_signal signal;
      std::string words;
      fixture.start(words, std::chrono::hours(1), signal.slot());
      REQUIRE(fixture.run_until([&] { return begun.is_open(); }));
      signal.emit(asio::cancellation_type::all);
      go_on.open();
      CHECK(fixture.run_until([&] { return fixture.log.ejections == 1; }));
      CHECK(words == client_left);
      CHECK(fixture.workers_left() == 0);
    }
  }
}

TEST_CASE("a dispatcher may be destroyed with attempts in flight once nothing runs it") {
  Gate begun, go_on;
  ScriptedPeer plain({answer_hello_plainly, [&](Connection& peer) {
                        peer.expect(size);
                        begun.open();
                        go_on.wait();
                      }});
  Gate taken, left;
  ScriptedPeer ours({take_and_hang(taken, left)});
  asio::cancellation_signal signal;
  {
    std::string abandoned, waited_for;
    DispatcherFixture fixture({&plain, &ours});
    fixture.start(abandoned, std::chrono::hours(1), signal.slot());
    fixture.start(waited_for);
    REQUIRE(fixture.run_until([&] { return begun.is_open() && taken.is_open(); }));
    signal.emit(asio::cancellation_type::all);
    CHECK(fixture.run_until([&] { return !abandoned.empty(); }));
  }
  go_on.open();
  CHECK(left.wait());
}

TEST_CASE("a slow request is answered by a second worker, and the first connection is closed") {
  Gate taken, left;
  ScriptedPeer slow({take_and_hang(taken, left)});
  ScriptedPeer good({serve_all});
  DispatcherFixture fixture({&slow, &good}, hedging());
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.attempts == 2);
  CHECK(left.wait());
  CHECK(fixture.workers_left() == 2);
}

TEST_CASE("a hedged request takes the first worker's answer if that comes first") {
  Gate taken, left;
  ScriptedPeer first({[&](Connection& peer) {
    greet(peer);
    peer.expect(size);
    peer.send("A");
    peer.expect(image->message());
    peer.send("A");
    taken.wait();
    peer.send(json_result);
    peer.expect("A");
  }});
  ScriptedPeer second({take_and_hang(taken, left)});
  DispatcherFixture fixture({&first, &second}, hedging());
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.attempts == 2);
  CHECK(left.wait());
}

TEST_CASE("a worker with the maximum number of connections counts as busy") {
  Gate taken, left;
  ScriptedPeer worker({take_and_hang(taken, left)});
  DispatcherFixture fixture({&worker}, {.timeouts = patient, .connections_per_worker_max = 1});
  asio::cancellation_signal signal;
  std::string first, second;
  fixture.start(first, std::chrono::hours(1), signal.slot());
  REQUIRE(fixture.run_until([&] { return taken.is_open(); }));
  fixture.start(second);
  CHECK(fixture.run_until([&] { return !second.empty(); }));
  CHECK(second == "All workers are busy. Try again in a moment.");
  CHECK(fixture.workers_left() == 1);
  // No worker has answered, so no probe was postponed.
  CHECK(fixture.list.next_probe_at() == Clock::time_point::max());
  signal.emit(asio::cancellation_type::all);
  CHECK(fixture.run_until([&] { return !first.empty(); }));
}

TEST_CASE("a worker removed during an exchange still answers, and its connection is closed") {
  Gate taken, go_on, left;
  ScriptedPeer worker({[&](Connection& peer) {
    greet(peer);
    peer.expect(size);
    peer.send("A");
    peer.expect(image->message());
    taken.open();
    go_on.wait();
    peer.send("A" + json_result);
    peer.expect("A");
    peer.wait_for_end();
    left.open();
  }});
  DispatcherFixture fixture({&worker});
  std::string words;
  fixture.start(words);
  REQUIRE(fixture.run_until([&] { return taken.is_open(); }));
  fixture.list.remove(worker.address());
  fixture.dispatcher.close_unused();
  go_on.open();
  CHECK(fixture.run_until([&] { return !words.empty(); }));
  CHECK(words == "Samoyed by squeezenet1_1");
  CHECK(left.wait());
}

TEST_CASE("a name that resolves outside the allowed networks is never connected to") {
  ScriptedPeer foreign({serve_all});
  DispatchOptions options{.timeouts = patient};
  options.may_connect = [](const asio::ip::address& ip) { return !ip.is_loopback(); };
  options.look_up = [](const std::string&) {
    return FoundAddresses{{}, {asio::ip::make_address("127.0.0.1")}};
  };
  DispatcherFixture fixture({}, options);
  for (const std::string host : {"innocent.example", "127.0.0.1"}) {
    fixture.list.add({host, foreign.address().port});
    CHECK(fixture.classify() == no_worker);
    CHECK(fixture.log.why.find("--worker-network") != std::string::npos);
  }
  CHECK(foreign.connections() == 0);
}

TEST_CASE("a worker whose first address swallows packets is reached at the next one") {
  ScriptedPeer worker({serve_all});
  const std::uint16_t port = worker.address().port;
  const SilentListener silent(asio::ip::make_address("127.0.0.3"), port);
  DispatchOptions options{.timeouts = patient};
  options.look_up = [](const std::string&) {
    return FoundAddresses{
        {}, {asio::ip::make_address("127.0.0.3"), asio::ip::make_address("127.0.0.1")}};
  };
  DispatcherFixture fixture({}, options);
  fixture.list.add({"two-homed.example", port});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
}

TEST_CASE("a slow name delays only its own requests") {
  const auto answer = std::make_shared<Gate>();
  ScriptedPeer fast({serve_all});
  DispatchOptions options{.timeouts = patient};
  options.look_up = [answer](const std::string& name) {
    if (name == "slow.example") answer->wait();
    return FoundAddresses{{}, {asio::ip::make_address("127.0.0.1")}};
  };
  DispatcherFixture fixture({}, options);
  fixture.list.add({"slow.example", 1});
  fixture.list.add({"fast.example", fast.address().port});
  asio::cancellation_signal signal;
  std::string slow_words, fast_words;
  fixture.start(slow_words, std::chrono::hours(1), signal.slot());
  fixture.start(fast_words);
  CHECK(fixture.run_until([&] { return !fast_words.empty(); }));
  CHECK(fast_words == "Samoyed by squeezenet1_1");
  CHECK(slow_words.empty());
  signal.emit(asio::cancellation_type::all);
  CHECK(fixture.run_until([&] { return !slow_words.empty(); }));
  CHECK(slow_words == client_left);
  answer->open();
}
