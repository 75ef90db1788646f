// What ends a request before its worker has answered: its deadline, its client, a faster worker.

#include <catch2/catch.hpp>

#include "support/dispatch_house.hpp"
#include "support/gate.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;

namespace {

constexpr std::chrono::milliseconds soon{200};
const std::string client_left = "The client left before the answer.";

DispatchOptions hedging() { return {.timeouts = patient, .hedge_after = soon}; }

/// A worker of ours that takes the image, says so, and never answers; says when it was left.
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

TEST_CASE("a connection that doesn't come about in time is given up for the next worker") {
  asio::io_context io;
  asio::ip::tcp::acceptor full(io, {asio::ip::address_v4::loopback(), 0}, true);
  full.listen(0);
  // The kernel queues one connection that nobody accepts; it answers no further one.
  asio::ip::tcp::socket queued(io);
  queued.connect(full.local_endpoint());
  ScriptedPeer good({serve_all});
  StepTimeouts timeouts = patient;
  timeouts.connect = std::chrono::seconds(1);
  House house({}, timeouts);
  house.list.add({"127.0.0.1", full.local_endpoint().port()});
  house.list.add(good.address());
  // Generous, and far from the two minutes after which the kernel gives up by itself.
  CHECK(house.classify(std::chrono::seconds(30)) == "Samoyed by squeezenet1_1");
  CHECK(house.log.removals == 1);
  CHECK(house.workers_left() == 1);
}

TEST_CASE("at whichever step the deadline meets a request, the worker is not to blame") {
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
    INFO("at the answer to the " << name);
    ScriptedPeer slow({step});
    House house({&slow});
    CHECK(house.classify(soon) == too_late);
    CHECK(house.workers_left() == 1);
    CHECK(house.log.removals == 0);
  }
}

TEST_CASE("a request whose time has passed already is tried nowhere") {
  ScriptedPeer worker({serve_all});
  House house({&worker});
  CHECK(house.classify(std::chrono::milliseconds(0)) == too_late);
  CHECK(house.log.tries == 0);
}

TEST_CASE("a worker that a request stopped waiting for is probed soon") {
  Gate taken, left;
  ScriptedPeer hung({take_and_hang(taken, left)});
  House house({&hung});
  CHECK(house.classify(soon) == too_late);
  CHECK(house.list.next_probe_at() <= Clock::now());
}

TEST_CASE("a client that leaves ends its request at once, and the worker's connection") {
  Gate taken, left;
  ScriptedPeer hung({take_and_hang(taken, left)});
  House house({&hung});
  asio::cancellation_signal signal;
  std::string words;
  house.start(words, std::chrono::hours(1), signal.slot());
  REQUIRE(house.run_until([&] { return taken.is_open(); }));
  CHECK(words.empty());
  signal.emit(asio::cancellation_type::all);
  CHECK(house.run_until([&] { return !words.empty(); }));
  CHECK(words == client_left);
  CHECK(left.wait());
  CHECK(house.workers_left() == 1);
}

TEST_CASE("a signal after the request's end is nobody's") {
  ScriptedPeer worker({serve_all});
  House house({&worker});
  asio::cancellation_signal signal;
  std::string words;
  house.start(words, std::chrono::hours(1), signal.slot());
  CHECK(house.run_until([&] { return !words.empty(); }));
  signal.emit(asio::cancellation_type::all);
  CHECK(words == "Samoyed by squeezenet1_1");
}

TEST_CASE("a worker that takes it is told how long the request waits") {
  const protocol::WorkerHello patient_worker{.model = "squeezenet1_1",
                                             .label_count = 1000,
                                             .image_bytes_max = 1000,
                                             .takes_timeout = true};
  std::string told;
  Gate told_all;
  ScriptedPeer worker({[&](Connection& peer) {
    peer.expect(hello);
    peer.send(data_message(format_hello(patient_worker)));
    told = peer.read_until(" -");
    told_all.open();
    peer.read_until("\n");  // The rest of the checksum, and the end.
  }});
  const auto milliseconds_told = [&] {
    REQUIRE(told_all.wait());
    const std::string before = "D 8;timeout_ms=";
    REQUIRE(told.starts_with(before));
    return std::stoi(told.substr(before.size()));
  };
  SECTION("the result's patience") {
    House house({&worker}, impatient);
    house.classify(std::chrono::hours(1));
    CHECK(milliseconds_told() == 300);
  }
  SECTION("the rest of its time, where that is less") {
    House house({&worker}, patient);
    house.classify(std::chrono::seconds(2));
    CHECK(milliseconds_told() <= 2000);
    CHECK(milliseconds_told() > 0);
  }
}

TEST_CASE("a transfer begun to a reference server is completed though nobody waits") {
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
  House house({&plain});
  asio::cancellation_signal signal;
  std::string words;
  house.start(words, std::chrono::hours(1), signal.slot());
  REQUIRE(house.run_until([&] { return begun.is_open(); }));
  signal.emit(asio::cancellation_type::all);
  CHECK(house.run_until([&] { return !words.empty(); }));
  CHECK(words == client_left);
  bool finished = false;
  asio::co_spawn(house.io, house.dispatcher.finish(Clock::now() + std::chrono::hours(1)),
                 [&](std::exception_ptr) { finished = true; });
  house.io.poll();
  CHECK_FALSE(finished);
  go_on.open();
  CHECK(house.run_until([&] { return done.is_open() && finished; }));
  CHECK(whole);
  CHECK(acknowledged);
  CHECK(house.workers_left() == 1);
}

TEST_CASE("what goes on for nobody may still find a worker dead") {
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
      {"a step's time",
       [&](Connection& peer) {
         begin(peer);
         peer.wait_for_end();
       }},
  };
  for (const auto& [name, death] : deaths) {
    DYNAMIC_SECTION(name) {
      ScriptedPeer plain({answer_hello_plainly, death});
      House house({&plain}, impatient);
      asio::cancellation_signal signal;
      std::string words;
      house.start(words, std::chrono::hours(1), signal.slot());
      REQUIRE(house.run_until([&] { return begun.is_open(); }));
      signal.emit(asio::cancellation_type::all);
      go_on.open();
      CHECK(house.run_until([&] { return house.log.removals == 1; }));
      CHECK(words == client_left);
      CHECK(house.workers_left() == 0);
    }
  }
}

TEST_CASE("a dispatcher may go while something is under way, once nothing runs it") {
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
    House house({&plain, &ours});
    house.start(abandoned, std::chrono::hours(1), signal.slot());
    house.start(waited_for);
    REQUIRE(house.run_until([&] { return begun.is_open() && taken.is_open(); }));
    signal.emit(asio::cancellation_type::all);
    CHECK(house.run_until([&] { return !abandoned.empty(); }));
  }
  go_on.open();
  CHECK(left.wait());
}

TEST_CASE("a slow request is answered by a second worker, and the first one is left") {
  Gate taken, left;
  ScriptedPeer slow({take_and_hang(taken, left)});
  ScriptedPeer good({serve_all});
  House house({&slow, &good}, hedging());
  CHECK(house.classify() == "Samoyed by squeezenet1_1");
  CHECK(house.log.tries == 2);
  CHECK(left.wait());
  CHECK(house.workers_left() == 2);
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
  House house({&first, &second}, hedging());
  CHECK(house.classify() == "Samoyed by squeezenet1_1");
  CHECK(house.log.tries == 2);
  CHECK(left.wait());
}

TEST_CASE("a worker with as many connections as it may have counts as busy") {
  Gate taken, left;
  ScriptedPeer worker({take_and_hang(taken, left)});
  House house({&worker}, {.timeouts = patient, .connections_per_worker_max = 1});
  asio::cancellation_signal signal;
  std::string first, second;
  house.start(first, std::chrono::hours(1), signal.slot());
  REQUIRE(house.run_until([&] { return taken.is_open(); }));
  house.start(second);
  CHECK(house.run_until([&] { return !second.empty(); }));
  CHECK(second == "All workers are busy: try again in a moment.");
  CHECK(house.workers_left() == 1);
  // Nobody has answered, so no probe was put off.
  CHECK(house.list.next_probe_at() == Clock::time_point::max());
  signal.emit(asio::cancellation_type::all);
  CHECK(house.run_until([&] { return !first.empty(); }));
}

TEST_CASE(
    "a worker deleted in the middle of its exchange still answers, and nothing of it is kept") {
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
  House house({&worker});
  std::string words;
  house.start(words);
  REQUIRE(house.run_until([&] { return taken.is_open(); }));
  house.list.remove(worker.address());
  house.dispatcher.close_unused();
  go_on.open();
  CHECK(house.run_until([&] { return !words.empty(); }));
  CHECK(words == "Samoyed by squeezenet1_1");
  CHECK(left.wait());
}

TEST_CASE("a name that leads out of the allowed networks is never connected to") {
  ScriptedPeer foreign({serve_all});
  DispatchOptions options{.timeouts = patient};
  options.may_connect = [](const asio::ip::address& ip) { return !ip.is_loopback(); };
  options.look_up = [](const std::string&) {
    return FoundAddresses{{}, {asio::ip::make_address("127.0.0.1")}};
  };
  House house({}, options);
  for (const std::string host : {"innocent.example", "127.0.0.1"}) {
    house.list.add({host, foreign.address().port});
    CHECK(house.classify() == no_worker);
    CHECK(house.log.why.find("--worker-network") != std::string::npos);
  }
  CHECK(foreign.connections() == 0);
}

TEST_CASE("a slow name delays nobody but its own requests") {
  const auto answer = std::make_shared<Gate>();
  ScriptedPeer fast({serve_all});
  DispatchOptions options{.timeouts = patient};
  options.look_up = [answer](const std::string& name) {
    if (name == "slow.example") answer->wait();
    return FoundAddresses{{}, {asio::ip::make_address("127.0.0.1")}};
  };
  House house({}, options);
  house.list.add({"slow.example", 1});
  house.list.add({"fast.example", fast.address().port});
  asio::cancellation_signal signal;
  std::string slow_words, fast_words;
  house.start(slow_words, std::chrono::hours(1), signal.slot());
  house.start(fast_words);
  CHECK(house.run_until([&] { return !fast_words.empty(); }));
  CHECK(fast_words == "Samoyed by squeezenet1_1");
  CHECK(slow_words.empty());
  signal.emit(asio::cancellation_type::all);
  CHECK(house.run_until([&] { return !slow_words.empty(); }));
  CHECK(slow_words == client_left);
  answer->open();
}
