#include "dispatcher/health_monitor.hpp"

#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "support/dispatcher_fixture.hpp"
#include "support/gate.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;

namespace {

constexpr std::chrono::milliseconds instant{10};
constexpr std::chrono::milliseconds never = std::chrono::hours(1);

/// Ejected workers are probed quickly, idle ones never.
constexpr HealthOptions readmitting{
    .first_probe_pause = instant, .probe_pause_max = instant, .idle_probe_interval = never};
/// Idle workers are probed quickly, ejected ones never again.
constexpr HealthOptions watchful{
    .first_probe_pause = instant, .probe_pause_max = never, .idle_probe_interval = instant};

/// A fixture with a health monitor.
class WatchedFixture : public DispatcherFixture {
 public:
  WatchedFixture(const std::vector<const ScriptedPeer*>& peers, HealthOptions health,
                 DispatchOptions options = {.timeouts = patient})
      : DispatcherFixture(peers, std::move(options), health),
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

/// A port on which nothing listens, unless another program takes it right now.
protocol::Address closed_port() {
  asio::io_context io;
  const asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  return {"127.0.0.1", acceptor.local_endpoint().port()};
}

/// While an object of this class exists, the process can't open files.
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

TEST_CASE("an ejected worker that listens again is back after two good probes") {
  const auto address = closed_port();
  std::optional<ScriptedPeer> restarted;
  WatchedFixture fixture({}, readmitting);
  fixture.list.add(address);
  CHECK(fixture.classify_watched() == no_worker);
  CHECK(fixture.log.ejections == 1);
  restarted.emplace(std::vector<ScriptedPeer::Script>{greet, greet, serve_all}, address.port);
  CHECK(fixture.run_until([&] { return fixture.log.readmissions == 1; }));
  CHECK(restarted->connections() == 2);
  CHECK(fixture.list.snapshot()[0].model == WorkerModel{"squeezenet1_1", true, 1000});
  CHECK(fixture.classify_watched() == "Samoyed by squeezenet1_1");
}

TEST_CASE("a reference server is probed without harm") {
  ScriptedPeer plain({answer_hello_plainly, answer_hello_plainly, answer_hello_plainly,
                      [](Connection& peer) { peer.wait_for_end(); }});
  WatchedFixture fixture({&plain}, watchful);
  CHECK(fixture.run_until([&] { return plain.connections() >= 4; }));
  CHECK(fixture.log.ejections == 0);
}

TEST_CASE("a probe ejects an unused worker that can't be reached") {
  WatchedFixture fixture({}, watchful);
  fixture.list.add(closed_port());
  CHECK(fixture.run_until([&] { return fixture.log.ejections == 1; }));
  CHECK(fixture.log.attempts == 0);
  CHECK(fixture.workers_left() == 0);
}

TEST_CASE("the end of an idle connection is noticed before a request uses it") {
  for (const bool reset : {false, true}) {
    Gate die;
    ScriptedPeer mortal({[&](Connection& peer) {
      greet(peer);
      serve(peer);
      die.wait();
      if (reset) peer.reset_at_end();
    }});
    WatchedFixture fixture({&mortal}, {.probe_pause_max = never, .idle_probe_interval = never});
    CHECK(fixture.classify_watched() == "Samoyed by squeezenet1_1");
    die.open();
    CHECK(fixture.run_until([&] { return fixture.log.ejections == 1; }));
    CHECK(fixture.log.attempts == 1);
  }
}

TEST_CASE("a worker that stops makes no request fail") {
  Gate stop;
  ScriptedPeer stopping({[&](Connection& peer) {
    greet(peer);
    serve(peer);
    stop.wait();
  }});
  ScriptedPeer other({serve_all});
  WatchedFixture fixture({&stopping, &other}, {.idle_probe_interval = never});
  for (int i = 0; i < 2; ++i) CHECK(fixture.classify_watched() == "Samoyed by squeezenet1_1");
  stop.open();
  for (int i = 0; i < 4; ++i) CHECK(fixture.classify_watched() == "Samoyed by squeezenet1_1");
  CHECK(fixture.run_until([&] { return fixture.workers_left() == 1; }));
}

TEST_CASE("a live worker that closes an idle connection stays in rotation") {
  ScriptedPeer tidy({[](Connection& peer) {
                       greet(peer);
                       serve(peer);
                     },
                     serve_all});
  WatchedFixture fixture({&tidy}, {.idle_probe_interval = never});
  CHECK(fixture.classify_watched() == "Samoyed by squeezenet1_1");
  // The probe has ended, and its connection is kept.
  CHECK(fixture.run_until([&] {
    const auto next_in = fixture.list.next_probe_at() - Clock::now();
    return tidy.connections() == 2 && next_in > never / 2 && next_in < never * 2;
  }));
  CHECK(fixture.classify_watched() == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.ejections == 0);
  CHECK(tidy.connections() == 2);
}

TEST_CASE("a watched connection that is used again makes no worker suspect") {
  ScriptedPeer worker({serve_all});
  WatchedFixture fixture({&worker}, {.idle_probe_interval = never});
  CHECK(fixture.classify_watched() == "Samoyed by squeezenet1_1");
  // Connections are watched after they have rested for a moment.
  const auto later = Clock::now() + std::chrono::milliseconds(200);
  fixture.run_until([&] { return Clock::now() >= later; });
  CHECK(fixture.classify_watched() == "Samoyed by squeezenet1_1");
  fixture.io.poll();
  CHECK(fixture.list.next_probe_at() > Clock::now() + never / 2);
  CHECK(worker.connections() == 1);
}

TEST_CASE("a hung worker is ejected by the second probe, not by the first") {
  const ScriptedPeer::Script hang = [](Connection& peer) { peer.wait_for_end(); };
  ScriptedPeer hung({hang, hang});
  WatchedFixture fixture({&hung}, watchful, {.timeouts = impatient});
  CHECK(fixture.run_until([&] { return fixture.log.ejections == 1; }));
  CHECK(hung.connections() == 2);
}

TEST_CASE("a worker that reports busy is alive") {
  const ScriptedPeer::Script be_busy = [](Connection& peer) {
    peer.expect(hello);
    peer.send(data_message(protocol::format_hello({"squeezenet1_1", 1000, true, 1000, true})));
  };
  ScriptedPeer busy({be_busy, be_busy, be_busy, [](Connection& peer) { peer.wait_for_end(); }});
  WatchedFixture fixture({&busy}, watchful);
  CHECK(fixture.run_until([&] { return busy.connections() >= 4; }));
  CHECK(fixture.log.ejections == 0);
}

TEST_CASE("a probe without file descriptors on this machine is inconclusive") {
  DispatcherFixture fixture({});
  fixture.list.add(closed_port());
  std::optional<ProbeResult> result;
  asio::co_spawn(fixture.io, fixture.dispatcher.probe(fixture.list.snapshot()[0].worker),
                 [&](std::exception_ptr, const ProbeEnd& end) { result = end.result; });
  {
    const Wait wait("the result of a probe");
    const NoDescriptors lack;
    fixture.io.run();
  }
  REQUIRE(result.has_value());
  CHECK(static_cast<int>(*result) == static_cast<int>(ProbeResult::inconclusive));
}

TEST_CASE("a worker that stays unreachable is forgotten") {
  ScriptedPeer good({serve_all});
  HealthOptions options = watchful;
  options.forget_after = instant;
  WatchedFixture fixture({&good}, options);
  fixture.list.add(closed_port());
  CHECK(fixture.run_until([&] { return fixture.log.forgotten == 1; }));
  CHECK(fixture.list.snapshot().size() == 1);
}

TEST_CASE("with the reference's behavior, no worker is probed") {
  HealthOptions options = watchful;
  options.readmit = false;
  WatchedFixture fixture({}, options);
  fixture.list.add(closed_port());
  for (int i = 0; i < 5; ++i) fixture.io.run_one_for(instant);
  CHECK(fixture.workers_left() == 1);
  CHECK(fixture.classify_watched() == no_worker);
  CHECK(fixture.list.snapshot().empty());
}

TEST_CASE("the number of probes in flight is limited") {
  asio::io_context peers;
  asio::ip::tcp::acceptor silent(peers, {asio::ip::address_v4::any(), 0});
  WatchedFixture fixture({}, watchful);
  for (int i = 1; i <= 80; ++i) {
    fixture.list.add({"127.0.0." + std::to_string(i), silent.local_endpoint().port()});
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
    return accepted.size() >= 64;
  };
  CHECK(fixture.run_until(accept_all));
  // An event while they are in flight starts no further ones.
  fixture.monitor.wake();
  for (int i = 0; i < 10; ++i) fixture.io.run_one_for(instant);
  accept_all();
  CHECK(accepted.size() == 64);
  // Each one that ends makes room for another.
  accepted.erase(accepted.begin(), accepted.begin() + 8);
  CHECK(fixture.run_until([&] {
    accept_all();
    return accepted.size() == 64;
  }));
}

TEST_CASE("a monitor that is stopped by what its own round reports ends at once") {
  HealthOptions options{.probe_pause_max = never, .idle_probe_interval = never};
  options.forget_after = instant;
  ScriptedPeer good({});
  WatchedFixture fixture({&good}, options);
  fixture.list.add(closed_port());
  fixture.list.eject(2, Clock::now() - never);
  fixture.on_change = [&] { fixture.monitor.stop(); };
  fixture.monitor.wake();
  CHECK(fixture.run_until([&] { return fixture.ended; }));
  CHECK(fixture.log.forgotten == 1);
}

TEST_CASE("a stopped monitor ends even while a probe is in flight") {
  ScriptedPeer hung({[](Connection& peer) { peer.wait_for_end(); }});
  WatchedFixture fixture({&hung}, watchful);
  CHECK(fixture.run_until([&] { return hung.connections() == 1; }));
  fixture.monitor.stop();
  CHECK(fixture.run_until([&] { return fixture.ended; }));
}
