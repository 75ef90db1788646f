#include "samoyed/dispatcher/dispatcher.hpp"

#include <algorithm>
#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "support/dispatcher_fixture.hpp"
#include "support/gate.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;

TEST_CASE("a Samoyed worker gets one hello, and its connection is kept") {
  ScriptedPeer worker({serve_all});
  DispatcherFixture fixture({&worker});
  for (int i = 0; i < 3; ++i) CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(worker.connections() == 1);
  CHECK(fixture.list.snapshot()[0].model == WorkerModel{"squeezenet1_1", true, 1000});
}

TEST_CASE("a connection that was idle for too long is replaced") {
  ScriptedPeer worker({serve_all, serve_all});
  DispatcherFixture fixture({&worker},
                            {.timeouts = patient, .idle_time_max = std::chrono::milliseconds(0)});
  for (int i = 0; i < 2; ++i) CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(worker.connections() == 2);
  CHECK(fixture.log.ejections == 0);
}

TEST_CASE("a reference server is remembered, and isn't ejected for closing after each image") {
  ScriptedPeer worker({answer_hello_plainly, serve_plain, serve_plain, serve_plain});
  DispatcherFixture fixture({&worker});
  for (int i = 0; i < 3; ++i) CHECK(fixture.classify() == "Samoyed");
  CHECK(fixture.log.attempts == 3);
  CHECK(fixture.log.ejections == 0);
  CHECK(worker.connections() == 4);
}

TEST_CASE("a reference server's connection carries one image, even if it stays open") {
  // The original does this with the last connection that it accepted: it no longer reads from it.
  const ScriptedPeer::Script serve_and_leave_open = [](Connection& peer) {
    serve_plain(peer);
    peer.wait_for_end();
  };
  const ScriptedPeer::Script greet_and_leave_open = [](Connection& peer) {
    answer_hello_plainly(peer);
    peer.wait_for_end();
  };
  ScriptedPeer worker({greet_and_leave_open, serve_and_leave_open, serve_and_leave_open,
                       greet_and_leave_open, serve_and_leave_open});
  DispatcherFixture fixture({&worker});
  for (int i = 0; i < 2; ++i) CHECK(fixture.classify() == "Samoyed");
  fixture.probe_all();
  CHECK(fixture.classify() == "Samoyed");
  CHECK(fixture.log.attempts == 3);
  CHECK(fixture.log.ejections == 0);
  CHECK(worker.connections() == 5);
}

TEST_CASE("a probe notices that a Samoyed worker replaced a reference server") {
  ScriptedPeer worker({answer_hello_plainly, serve_plain, serve_all, serve_all});
  DispatcherFixture fixture({&worker});
  CHECK(fixture.classify() == "Samoyed");
  fixture.probe_all();
  // This is a new connection, so it begins with hello again.
  for (int i = 0; i < 2; ++i) CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.ejections == 0);
  CHECK(worker.connections() == 3);
}

TEST_CASE("wherever a worker closes, resets, sends nonsense or hangs, the next worker answers") {
  // The steps of an exchange after which the worker misbehaves.
  const std::vector<std::pair<std::string, ScriptedPeer::Script>> steps{
      {"before hello", [](Connection&) {}},
      {"after hello", [](Connection& peer) { peer.expect(hello); }},
      {"after the hello reply",
       [](Connection& peer) {
         peer.expect(hello);
         peer.send(hello_reply);
       }},
      {"after the size",
       [](Connection& peer) {
         peer.expect(hello);
         peer.send(hello_reply);
         peer.expect(size);
       }},
      {"after the size's A",
       [](Connection& peer) {
         peer.expect(hello);
         peer.send(hello_reply);
         peer.expect(size);
         peer.send("A");
       }},
      {"after the image",
       [](Connection& peer) {
         peer.expect(hello);
         peer.send(hello_reply);
         peer.expect(size);
         peer.send("A");
         peer.expect(image->message());
       }},
      {"after the image's A",
       [](Connection& peer) {
         peer.expect(hello);
         peer.send(hello_reply);
         peer.expect(size);
         peer.send("A");
         peer.expect(image->message());
         peer.send("A");
       }},
      {"in the result",
       [](Connection& peer) {
         peer.expect(hello);
         peer.send(hello_reply);
         peer.expect(size);
         peer.send("A");
         peer.expect(image->message());
         peer.send("A" + json_result.substr(0, 9));
       }},
  };
  const std::vector<std::pair<std::string, ScriptedPeer::Script>> faults{
      {"closes", [](Connection&) {}},
      {"resets", [](Connection& peer) { peer.reset_at_end(); }},
      {"sends nonsense",
       [](Connection& peer) {
         peer.send("\x01HTTP/1.1 418\r\n\r\n");
         peer.wait_for_end();
       }},
      {"hangs", [](Connection& peer) { peer.wait_for_end(); }},
  };
  for (const auto& [where, step] : steps) {
    for (const auto& [what, fault] : faults) {
      INFO(what << " " << where);
      ScriptedPeer faulty({[step = step, fault = fault](Connection& peer) {
        step(peer);
        fault(peer);
      }});
      ScriptedPeer good({serve_all});
      DispatcherFixture fixture({&faulty, &good}, what == "hangs" ? impatient : patient);
      CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
      CHECK(fixture.log.ejections == 1);
      CHECK(fixture.workers_left() == 1);
    }
  }
}

TEST_CASE("closing on the complete image while still accepting counts against the image") {
  const ScriptedPeer::Script close_on_image = [](Connection& peer) {
    peer.expect(size);
    peer.send("A");
    peer.expect(image->message());
    peer.send("A");
  };
  const ScriptedPeer::Script be_probed = [](Connection& peer) { peer.wait_for_end(); };
  ScriptedPeer first({answer_hello_plainly, close_on_image, be_probed});
  ScriptedPeer second({answer_hello_plainly, close_on_image, be_probed});
  SECTION("after two such workers the request fails") {
    ScriptedPeer third({serve_all});
    DispatcherFixture fixture({&first, &second, &third});
    CHECK(fixture.classify() == closed_on);
    CHECK(fixture.workers_left() == 3);
    CHECK(third.connections() == 0);
  }
  SECTION("after one such worker another one recognizes it") {
    ScriptedPeer good({serve_all});
    DispatcherFixture fixture({&first, &good});
    CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
    CHECK(fixture.workers_left() == 2);
  }
}

TEST_CASE("an idle connection that ended is replaced, however it ended") {
  for (const bool reset : {false, true}) {
    const ScriptedPeer::Script once = [reset](Connection& peer) {
      peer.expect(hello);
      peer.send(hello_reply);
      serve(peer);
      if (reset) peer.reset_at_end();
    };
    ScriptedPeer worker({once, serve_all});
    DispatcherFixture fixture({&worker});
    CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
    CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
    CHECK(worker.connections() == 2);
    CHECK(fixture.log.ejections == 0);
    CHECK(fixture.log.attempts == 2);
  }
}

TEST_CASE("a worker may refuse a message a few times, but is ejected if it refuses endlessly") {
  ScriptedPeer refusing({[](Connection& peer) {
    peer.expect(hello);
    peer.send("N");
    peer.expect(hello);
    peer.send(hello_reply);
    peer.expect(size);
    peer.send("N");
    peer.expect(size);
    peer.send("A");
    peer.expect(image->message());
    peer.send("N");
    peer.expect(image->message());
    peer.send("A" + data_message("damaged").replace(2, 1, "x"));
    peer.expect("N");
    peer.send(json_result);
    peer.expect("A");
  }});
  DispatcherFixture fixture({&refusing});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");

  ScriptedPeer endless({[](Connection& peer) {
    while (peer.expect(hello)) peer.send("N");
  }});
  DispatcherFixture other({&endless});
  CHECK(other.classify() == no_worker);
  CHECK(other.workers_left() == 0);
}

TEST_CASE("a busy worker is skipped and stays in rotation") {
  ScriptedPeer busy({[](Connection& peer) {
    peer.expect(hello);
    peer.send(hello_reply);
    peer.expect(size);
    peer.send("A");
    peer.expect(image->message());
    peer.send("A" + data_message(R"({"error":"busy"})"));
    peer.expect("A");
    peer.wait_for_end();
  }});
  ScriptedPeer good({serve_all});
  DispatcherFixture fixture({&busy, &good});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.workers_left() == 2);
}

TEST_CASE("a worker whose hello says busy doesn't get the image") {
  ScriptedPeer busy({[](Connection& peer) {
    peer.expect(hello);
    peer.send(data_message(protocol::format_hello({"squeezenet1_1", 1000, true, 1000, true})));
    peer.wait_for_end();
  }});
  ScriptedPeer good({serve_all});
  DispatcherFixture fixture({&busy, &good});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.workers_left() == 2);
}

TEST_CASE("a worker that was busy when it greeted gets the next image on the same connection") {
  ScriptedPeer worker({[](Connection& peer) {
    peer.expect(hello);
    peer.send(data_message(protocol::format_hello({"squeezenet1_1", 1000, true, 1000, true})));
    serve(peer);
  }});
  DispatcherFixture fixture({&worker});
  CHECK(fixture.classify() == "All workers are busy. Try again in a moment.");
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(worker.connections() == 1);
}

TEST_CASE("a reference server that works on an image is not probed") {
  Gate taken, probed;
  ScriptedPeer plain({answer_hello_plainly,
                      [&](Connection& peer) {
                        peer.expect(size);
                        taken.open();
                        probed.wait();
                        peer.wait_for_end();
                      },
                      answer_hello_plainly},
                     0, true);
  DispatcherFixture fixture({&plain});
  std::string words;
  fixture.start(words);
  REQUIRE(fixture.run_until([&] { return taken.is_open(); }));
  std::optional<ProbeResult> result;
  asio::co_spawn(fixture.io, fixture.dispatcher.probe(fixture.list.snapshot().at(0).worker),
                 [&](std::exception_ptr, const ProbeEnd& end) { result = end.result; });
  CHECK(fixture.run_until([&] { return result.has_value(); }));
  CHECK(result == ProbeResult::inconclusive);
  CHECK(plain.connections() == 2);
  probed.open();
}

TEST_CASE("of many connections to a worker, 32 are kept when they become idle") {
  constexpr int count = 36;
  std::atomic<int> arrived = 0, closed = 0;
  Gate all_arrived;
  const ScriptedPeer::Script serve_with_the_others = [&](Connection& peer) {
    greet(peer);
    peer.expect(size);
    peer.send("A");
    peer.expect(image->message());
    if (++arrived == count) all_arrived.open();
    all_arrived.wait();
    peer.send("A" + json_result);
    peer.expect("A");
    peer.wait_for_end();
    ++closed;
  };
  ScriptedPeer worker(std::vector<ScriptedPeer::Script>(count, serve_with_the_others), 0, true);
  DispatcherFixture fixture({&worker});
  std::list<std::string> outcomes;
  for (int i = 0; i < count; ++i) fixture.start(outcomes.emplace_back());
  CHECK(fixture.run_until([&] {
    return closed == count - 32 &&
           std::ranges::count(outcomes, "Samoyed by squeezenet1_1") == count;
  }));
}

TEST_CASE("a probe learns the model, and its connection carries the first image") {
  ScriptedPeer worker({serve_all});
  DispatcherFixture fixture({&worker});
  fixture.probe_all();
  CHECK(fixture.list.snapshot()[0].model == WorkerModel{"squeezenet1_1", true, 1000});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(worker.connections() == 1);
}

TEST_CASE("a probed worker that was restarted is still alive") {
  ScriptedPeer worker({[](Connection& peer) {
                         peer.expect(hello);
                         peer.send(hello_reply);
                       },
                       serve_all});
  DispatcherFixture fixture({&worker});
  fixture.probe_all();
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.ejections == 0);
}

TEST_CASE("a probe of a dead worker or a reference server ejects no worker") {
  ScriptedPeer dead({[](Connection&) {}});
  ScriptedPeer plain({answer_hello_plainly, serve_plain});
  DispatcherFixture fixture({&dead, &plain});
  fixture.probe_all();
  CHECK(fixture.workers_left() == 2);
  CHECK(fixture.log.ejections == 0);
  CHECK(fixture.classify() == "Samoyed");
}

TEST_CASE("an image above the limit in a worker's hello is not sent") {
  ScriptedPeer small({[](Connection& peer) {
    peer.expect(hello);
    peer.send(data_message(protocol::format_hello({"squeezenet1_1", 1000, true, 5, false})));
    peer.wait_for_end();
  }});
  DispatcherFixture fixture({&small});
  CHECK(fixture.classify() == "The image is too large (limit 5 bytes).");
  CHECK(fixture.workers_left() == 1);
}

TEST_CASE("a worker whose name can't be resolved is dead") {
  DispatcherFixture fixture({});
  fixture.list.add({"no-such-host.invalid", 8888});
  CHECK(fixture.classify() == no_worker);
  CHECK(fixture.log.ejections == 1);
}

TEST_CASE("connections to workers that are no longer in the list are closed") {
  ScriptedPeer worker({serve_all, serve_all});
  asio::io_context io(1);
  WorkerList list;
  Log log;
  Dispatcher dispatcher(io.get_executor(), list, log, {.timeouts = patient});
  const auto classify = [&] {
    asio::co_spawn(io, dispatcher.classify({.image = image}),
                   [](std::exception_ptr failure, const Outcome& outcome) {
                     CHECK_FALSE(failure);
                     CHECK(std::holds_alternative<Answer>(outcome));
                   });
    const Wait wait("an image's outcome");
    io.restart();
    io.run();
  };
  list.add(worker.address());
  classify();
  list.remove(worker.address());
  dispatcher.close_unused();
  list.add(worker.address());
  // This would hang until that wait ends if the first connection were still open, because the peer
  // serves one at a time.
  classify();
  CHECK(worker.connections() == 2);
}
