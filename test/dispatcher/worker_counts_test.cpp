// The counts of each worker in the list, and the times in an answer.

#include <catch2/catch.hpp>

#include "dispatcher/dispatch_plan.hpp"
#include "support/dispatcher_fixture.hpp"
#include "support/gate.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;
using std::chrono::milliseconds;

namespace {

const protocol::Address address{"w1", 1};

WorkerCounts counts_of(const WorkerList& list) { return list.snapshot().at(0).counts; }

}  // namespace

TEST_CASE("attempts are in flight from their start to their end") {
  WorkerList list;
  list.add(address);
  const WorkerId id = list.pick()->id;
  list.begin_attempt(id);
  list.begin_attempt(id);
  CHECK(counts_of(list) == WorkerCounts{.in_flight = 2});
  list.end_attempt(id, AttemptEnd::failed, milliseconds(7));
  CHECK(counts_of(list) == WorkerCounts{.in_flight = 1, .failed = 1});
  list.end_attempt(id, AttemptEnd::uncounted, milliseconds(7));
  CHECK(counts_of(list) == WorkerCounts{.failed = 1});
}

TEST_CASE("a worker's latency is the average of its answers, the newest with a weight of 0.1") {
  WorkerList list;
  list.add(address);
  const WorkerId id = list.pick()->id;
  const auto ends = [&](AttemptEnd end, milliseconds latency) {
    list.begin_attempt(id);
    list.end_attempt(id, end, latency);
    return counts_of(list).latency_ms;
  };
  CHECK(ends(AttemptEnd::failed, milliseconds(1000)) == 0);
  CHECK(ends(AttemptEnd::done, milliseconds(20)) == 20);
  CHECK(ends(AttemptEnd::done, milliseconds(30)) == Approx(21));
  CHECK(ends(AttemptEnd::uncounted, milliseconds(1000)) == Approx(21));
  CHECK(ends(AttemptEnd::done, milliseconds(11)) == Approx(20));
  CHECK(counts_of(list).done == 3);
}

TEST_CASE("a worker that comes back keeps its counts, except attempts in flight under its old id") {
  WorkerList list;
  list.add(address);
  const WorkerId old = list.pick()->id;
  const Clock::time_point now(std::chrono::hours(1));
  list.begin_attempt(old);
  list.end_attempt(old, AttemptEnd::done, milliseconds(5));
  list.begin_attempt(old);
  list.answered(old, now);
  list.eject(old, now);
  CHECK(counts_of(list).in_flight == 1);
  list.add(address);
  list.end_attempt(old, AttemptEnd::failed, milliseconds(5));
  CHECK(counts_of(list) == WorkerCounts{.done = 1, .latency_ms = 5});
}

TEST_CASE("a row shows a probe while it is in flight") {
  WorkerList list;
  list.add(address);
  const Clock::time_point now(std::chrono::hours(1));
  const WorkerId id = list.pick()->id;
  list.suspect(id, now);
  CHECK_FALSE(list.snapshot().at(0).probing);
  CHECK(list.begin_probes(now, 1).size() == 1);
  CHECK(list.snapshot().at(0).probing);
  list.end_probe(id, ProbeResult::good, now);
  CHECK_FALSE(list.snapshot().at(0).probing);
}

TEST_CASE("how attempts are counted") {
  using Kind = AttemptFailure::Kind;
  using protocol::Progress;
  using protocol::Refusal;
  using protocol::RefusalReason;
  using protocol::Result;
  struct Case {
    std::variant<Result, AttemptFailure> end;
    bool cut_short;
    AttemptEnd counted;
  };
  const auto failure = [](Kind kind, Progress progress, bool reused) {
    return AttemptFailure{.kind = kind, .progress = progress, .reused = reused, .why = {}};
  };
  const std::vector<Case> cases{
      {Result(protocol::Recognition{}), false, AttemptEnd::done},
      {Result(Refusal{RefusalReason::unreadable, ""}), false, AttemptEnd::done},
      {Result(Refusal{RefusalReason::busy, ""}), false, AttemptEnd::busy},
      {Result(Refusal{RefusalReason::internal, ""}), false, AttemptEnd::failed},
      {failure(Kind::unreachable, Progress::nothing_answered, false), false, AttemptEnd::failed},
      {failure(Kind::timed_out, Progress::image_sent, true), false, AttemptEnd::failed},
      {failure(Kind::closed, Progress::image_sent, false), false, AttemptEnd::failed},
      {failure(Kind::closed, Progress::nothing_answered, true), false, AttemptEnd::uncounted},
      {failure(Kind::no_resources, Progress::nothing_answered, false), false,
       AttemptEnd::uncounted},
      {failure(Kind::connection_lost, Progress::image_sent, false), true, AttemptEnd::uncounted},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    CHECK(count_as(cases[i].end, cases[i].cut_short) == cases[i].counted);
  }
}

TEST_CASE("the dispatcher counts each attempt, and reports the transfer time") {
  ScriptedPeer dying({[](Connection&) {}});
  ScriptedPeer worker({serve_all});
  DispatcherFixture fixture({&dying, &worker});
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  const auto rows = fixture.list.snapshot();
  CHECK(rows.at(0).counts == WorkerCounts{.failed = 1});
  CHECK(rows.at(1).counts.done == 2);
  CHECK(rows.at(1).counts.in_flight == 0);
  CHECK(rows.at(1).counts.latency_ms > 0);
  CHECK(fixture.last_answer.transfer_ms > 0);
  CHECK(fixture.last_answer.transfer_ms <= fixture.last_answer.elapsed_ms);
}

TEST_CASE("an abandoned attempt is neither in flight nor a failure") {
  Gate taken, left;
  ScriptedPeer hung({[&](Connection& peer) {
    peer.expect(hello);
    peer.send(hello_reply);
    peer.expect(size);
    taken.open();
    peer.read_until("\n");
    left.open();
  }});
  DispatcherFixture fixture({&hung});
  std::string words;
  asio::cancellation_signal signal;
  fixture.start(words, std::chrono::hours(1), signal.slot());
  REQUIRE(fixture.run_until([&] { return taken.is_open(); }));
  CHECK(fixture.list.snapshot().at(0).counts == WorkerCounts{.in_flight = 1});
  signal.emit(asio::cancellation_type::all);
  CHECK(fixture.run_until([&] { return fixture.list.snapshot().at(0).counts.in_flight == 0; }));
  CHECK(fixture.list.snapshot().at(0).counts == WorkerCounts{});
  CHECK(left.wait());
}

TEST_CASE("a thumbnail is requested only from a worker that makes thumbnails") {
  const auto asked_of = [](bool takes_thumbnail) {
    const protocol::WorkerHello worker_hello{.model = "squeezenet1_1",
                                             .label_count = 1000,
                                             .image_bytes_max = 1000,
                                             .takes_thumbnail = takes_thumbnail};
    std::string received;
    ScriptedPeer worker({[&](Connection& peer) {
      peer.expect(hello);
      peer.send(data_message(format_hello(worker_hello)));
      received = peer.read_until(" -");
    }});
    DispatcherFixture fixture({&worker});
    fixture.thumbnail_side = 96;
    fixture.classify();
    return received;
  };
  CHECK(asked_of(true).starts_with("D 8;thumbnail=96 "));
  CHECK(asked_of(false).starts_with("D 8 "));
}
