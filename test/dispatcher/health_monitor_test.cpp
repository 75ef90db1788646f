#include "dispatcher/health_monitor.hpp"

#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "support/dispatch_house.hpp"
#include "support/gate.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;

namespace {

constexpr std::chrono::milliseconds instant{10};
constexpr std::chrono::milliseconds never = std::chrono::hours(1);

/// Removed workers are probed quickly, idle ones never.
constexpr HealthOptions readmitting{
    .first_probe_pause = instant, .probe_pause_max = instant, .idle_probe_interval = never};
/// Idle ones are probed quickly, removed ones never again.
constexpr HealthOptions watchful{
    .first_probe_pause = instant, .probe_pause_max = never, .idle_probe_interval = instant};

/// A house whose workers' health is watched.
class WatchedHouse : public House {
 public:
  WatchedHouse(const std::vector<const ScriptedPeer*>& peers, HealthOptions health,
               DispatchOptions options = {.timeouts = patient})
      : House(peers, std::move(options), health),
        monitor(io.get_executor(), dispatcher, list, log) {
    on_change = [this] { monitor.wake(); };
    asio::co_spawn(io, monitor.run(), [this](std::exception_ptr failure) {
      CHECK_FALSE(failure);
      ended = true;
    });
  }
  std::string classify_watched() {
    std::string words;
    start(words);
    CHECK(run_until([&] { return !words.empty(); }));
    return words;
  }

  HealthMonitor monitor;
  bool ended = false;
};

/// A port on which nobody listens, unless somebody takes it just now.
protocol::Address closed_port() {
  asio::io_context io;
  const asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  return {"127.0.0.1", acceptor.local_endpoint().port()};
}

/// While it lives, this process can open no more files.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a removed worker that listens again is back after two good probes") {
  const auto address = closed_port();
  std::optional<ScriptedPeer> restarted;
  WatchedHouse house({}, readmitting);
  house.list.add(address);
  CHECK(house.classify_watched() == no_worker);
  CHECK(house.log.removals == 1);
  restarted.emplace(std::vector<ScriptedPeer::Script>{greet, greet, serve_all}, address.port);
  CHECK(house.run_until([&] { return house.log.readmissions == 1; }));
  CHECK(restarted->connections() == 2);
  CHECK(house.list.rows()[0].model == WorkerModel{"squeezenet1_1", true});
  CHECK(house.classify_watched() == "Samoyed by squeezenet1_1");
}

TEST_CASE("a reference server is probed without harm") {
  ScriptedPeer plain({answer_hello_plainly, answer_hello_plainly, answer_hello_plainly,
                      [](Connection& peer) { peer.wait_for_end(); }});
  WatchedHouse house({&plain}, watchful);
  CHECK(house.run_until([&] { return plain.connections() >= 4; }));
  CHECK(house.log.removals == 0);
}

TEST_CASE("a worker that nobody uses and nobody reaches is found by a probe") {
  WatchedHouse house({}, watchful);
  house.list.add(closed_port());
  CHECK(house.run_until([&] { return house.log.removals == 1; }));
  CHECK(house.log.tries == 0);
  CHECK(house.workers_left() == 0);
}

TEST_CASE("the end of an idle connection is noticed before a request meets it") {
  for (const bool reset : {false, true}) {
    Gate die;
    ScriptedPeer mortal({[&](Connection& peer) {
      greet(peer);
      serve(peer);
      die.wait();
      if (reset) peer.reset_at_end();
    }});
    WatchedHouse house({&mortal}, {.probe_pause_max = never, .idle_probe_interval = never});
    CHECK(house.classify_watched() == "Samoyed by squeezenet1_1");
    die.open();
    CHECK(house.run_until([&] { return house.log.removals == 1; }));
    CHECK(house.log.tries == 1);
  }
}

TEST_CASE("a worker that stops costs no request an error") {
  Gate stop;
  ScriptedPeer stopping({[&](Connection& peer) {
    greet(peer);
    serve(peer);
    stop.wait();
  }});
  ScriptedPeer other({serve_all});
  WatchedHouse house({&stopping, &other}, {.idle_probe_interval = never});
  for (int i = 0; i < 2; ++i) CHECK(house.classify_watched() == "Samoyed by squeezenet1_1");
  stop.open();
  for (int i = 0; i < 4; ++i) CHECK(house.classify_watched() == "Samoyed by squeezenet1_1");
  CHECK(house.run_until([&] { return house.workers_left() == 1; }));
}

TEST_CASE("an idle connection that ends while the worker lives costs it nothing") {
  ScriptedPeer tidy({[](Connection& peer) {
                       greet(peer);
                       serve(peer);
                     },
                     serve_all});
  WatchedHouse house({&tidy}, {.idle_probe_interval = never});
  CHECK(house.classify_watched() == "Samoyed by squeezenet1_1");
  // The probe has ended, and its connection is kept.
  CHECK(house.run_until([&] {
    const auto next_in = house.list.next_probe_at() - Clock::now();
    return tidy.connections() == 2 && next_in > never / 2 && next_in < never * 2;
  }));
  CHECK(house.classify_watched() == "Samoyed by squeezenet1_1");
  CHECK(house.log.removals == 0);
  CHECK(tidy.connections() == 2);
}

TEST_CASE("a hung worker is removed by the second probe, not by the first") {
  const ScriptedPeer::Script hang = [](Connection& peer) { peer.wait_for_end(); };
  ScriptedPeer hung({hang, hang});
  WatchedHouse house({&hung}, watchful, {.timeouts = impatient});
  CHECK(house.run_until([&] { return house.log.removals == 1; }));
  CHECK(hung.connections() == 2);
}

TEST_CASE("a worker that says it is busy is alive") {
  const ScriptedPeer::Script be_busy = [](Connection& peer) {
    peer.expect(hello);
    peer.send(data_message(protocol::format_hello({"squeezenet1_1", 1000, true, 1000, true})));
  };
  ScriptedPeer busy({be_busy, be_busy, be_busy, [](Connection& peer) { peer.wait_for_end(); }});
  WatchedHouse house({&busy}, watchful);
  CHECK(house.run_until([&] { return busy.connections() >= 4; }));
  CHECK(house.log.removals == 0);
}

TEST_CASE("a lack of our own descriptors proves nothing about a worker") {
  House house({});
  house.list.add(closed_port());
  std::optional<ProbeEnd> end;
  asio::co_spawn(house.io, house.dispatcher.probe(house.list.rows()[0].worker),
                 [&](std::exception_ptr, ProbeEnd probed) { end = probed; });
  {
    const NoDescriptors lack;
    house.io.run();
  }
  REQUIRE(end.has_value());
  CHECK(static_cast<int>(*end) == static_cast<int>(ProbeEnd::inconclusive));
}

TEST_CASE("a worker that stays away is forgotten") {
  ScriptedPeer good({serve_all});
  HealthOptions options = watchful;
  options.forget_after = instant;
  WatchedHouse house({&good}, options);
  house.list.add(closed_port());
  CHECK(house.run_until([&] { return house.log.forgotten == 1; }));
  CHECK(house.list.rows().size() == 1);
}

TEST_CASE("with the reference's behaviour nobody is probed") {
  HealthOptions options = watchful;
  options.readmit = false;
  WatchedHouse house({}, options);
  house.list.add(closed_port());
  for (int i = 0; i < 5; ++i) house.io.run_one_for(instant);
  CHECK(house.workers_left() == 1);
  CHECK(house.classify_watched() == no_worker);
  CHECK(house.list.rows().empty());
}

TEST_CASE("only so many probes are under way at the same time") {
  asio::io_context peers;
  asio::ip::tcp::acceptor silent(peers, {asio::ip::address_v4::any(), 0});
  WatchedHouse house({}, watchful);
  for (int i = 1; i <= 40; ++i) {
    house.list.add({"127.0.0." + std::to_string(i), silent.local_endpoint().port()});
  }
  std::vector<asio::ip::tcp::socket> accepted;
  silent.non_blocking(true);
  const auto accept_all = [&] {
    std::error_code none_waits;
    while (!none_waits) {
      asio::ip::tcp::socket socket(peers);
      silent.accept(socket, none_waits);
      if (!none_waits) accepted.push_back(std::move(socket));
    }
    return accepted.size() >= 16;
  };
  CHECK(house.run_until(accept_all));
  for (int i = 0; i < 10; ++i) house.io.run_one_for(instant);
  accept_all();
  CHECK(accepted.size() == 16);
}

TEST_CASE("a monitor ends when it is told, though a probe is under way") {
  ScriptedPeer hung({[](Connection& peer) { peer.wait_for_end(); }});
  WatchedHouse house({&hung}, watchful);
  CHECK(house.run_until([&] { return hung.connections() == 1; }));
  house.monitor.stop();
  CHECK(house.run_until([&] { return house.ended; }));
}
