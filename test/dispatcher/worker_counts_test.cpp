// What the list counts of each worker, and what of it an image's answer tells.

#include <catch2/catch.hpp>

#include "dispatcher/dispatch_plan.hpp"
#include "support/dispatch_house.hpp"
#include "support/gate.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;
using std::chrono::milliseconds;

namespace {

const protocol::Address address{"w1", 1};

WorkerCounts counts_of(const WorkerList& list) { return list.rows().at(0).counts; }

}  // namespace

TEST_CASE("tries are in flight from their beginning to their end") {
  WorkerList list;
  list.add(address);
  const WorkerId id = list.pick()->id;
  list.begin_try(id);
  list.begin_try(id);
  CHECK(counts_of(list) == WorkerCounts{.in_flight = 2});
  list.end_try(id, TryEnd::failed, milliseconds(7));
  CHECK(counts_of(list) == WorkerCounts{.in_flight = 1, .failed = 1});
  list.end_try(id, TryEnd::uncounted, milliseconds(7));
  CHECK(counts_of(list) == WorkerCounts{.failed = 1});
}

TEST_CASE("a worker's latency is that of its answers, the newest weighing a tenth") {
  WorkerList list;
  list.add(address);
  const WorkerId id = list.pick()->id;
  const auto ends = [&](TryEnd end, milliseconds latency) {
    list.begin_try(id);
    list.end_try(id, end, latency);
    return counts_of(list).latency_ms;
  };
  CHECK(ends(TryEnd::failed, milliseconds(1000)) == 0);
  CHECK(ends(TryEnd::done, milliseconds(20)) == 20);
  CHECK(ends(TryEnd::done, milliseconds(30)) == Approx(21));
  CHECK(ends(TryEnd::uncounted, milliseconds(1000)) == Approx(21));
  CHECK(ends(TryEnd::done, milliseconds(11)) == Approx(20));
  CHECK(counts_of(list).done == 3);
}

TEST_CASE("a worker that comes back keeps its counts, but not what is in flight under its old id") {
  WorkerList list;
  list.add(address);
  const WorkerId old = list.pick()->id;
  const Clock::time_point now(std::chrono::hours(1));
  list.begin_try(old);
  list.end_try(old, TryEnd::done, milliseconds(5));
  list.begin_try(old);
  list.answered(old, now);
  list.remove(old, now);
  CHECK(counts_of(list).in_flight == 1);
  list.add(address);
  list.end_try(old, TryEnd::failed, milliseconds(5));
  CHECK(counts_of(list) == WorkerCounts{.done = 1, .latency_ms = 5});
}

TEST_CASE("a row tells of a probe while it is under way") {
  WorkerList list;
  list.add(address);
  const Clock::time_point now(std::chrono::hours(1));
  const WorkerId id = list.pick()->id;
  list.suspect(id, now);
  CHECK_FALSE(list.rows().at(0).probing);
  CHECK(list.begin_probes(now, 1).size() == 1);
  CHECK(list.rows().at(0).probing);
  list.end_probe(id, ProbeEnd::good, now);
  CHECK_FALSE(list.rows().at(0).probing);
}

TEST_CASE("what a try counts as") {
  using Kind = TryFailure::Kind;
  using protocol::Progress;
  using protocol::Refusal;
  using protocol::RefusalReason;
  using protocol::Result;
  struct Case {
    std::variant<Result, TryFailure> end;
    bool cut_short;
    TryEnd counted;
  };
  const auto failure = [](Kind kind, Progress progress, bool reused) {
    return TryFailure{.kind = kind, .progress = progress, .reused = reused, .why = {}};
  };
  const std::vector<Case> cases{
      {Result(protocol::Recognition{}), false, TryEnd::done},
      {Result(Refusal{RefusalReason::unreadable, ""}), false, TryEnd::done},
      {Result(Refusal{RefusalReason::busy, ""}), false, TryEnd::uncounted},
      {Result(Refusal{RefusalReason::internal, ""}), false, TryEnd::failed},
      {failure(Kind::unreachable, Progress::nothing_answered, false), false, TryEnd::failed},
      {failure(Kind::timed_out, Progress::image_sent, true), false, TryEnd::failed},
      {failure(Kind::closed, Progress::image_sent, false), false, TryEnd::failed},
      {failure(Kind::closed, Progress::nothing_answered, true), false, TryEnd::uncounted},
      {failure(Kind::no_resources, Progress::nothing_answered, false), false, TryEnd::uncounted},
      {failure(Kind::connection_lost, Progress::image_sent, false), true, TryEnd::uncounted},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    CHECK(count_as(cases[i].end, cases[i].cut_short) == cases[i].counted);
  }
}

TEST_CASE("the dispatcher counts each try, and tells the transfer's time") {
  ScriptedPeer dying({[](Connection&) {}});
  ScriptedPeer worker({serve_all});
  House house({&dying, &worker});
  CHECK(house.classify() == "Samoyed by squeezenet1_1");
  CHECK(house.classify() == "Samoyed by squeezenet1_1");
  const auto rows = house.list.rows();
  CHECK(rows.at(0).counts == WorkerCounts{.failed = 1});
  CHECK(rows.at(1).counts.done == 2);
  CHECK(rows.at(1).counts.in_flight == 0);
  CHECK(rows.at(1).counts.latency_ms > 0);
  CHECK(house.last_answer.transfer_ms > 0);
  CHECK(house.last_answer.transfer_ms <= house.last_answer.elapsed_ms);
}

TEST_CASE("a try that nobody waits for is not in flight any longer, and no failure") {
  Gate taken, left;
  ScriptedPeer hung({[&](Connection& peer) {
    peer.expect(hello);
    peer.send(hello_reply);
    peer.expect(size);
    taken.open();
    peer.read_until("\n");
    left.open();
  }});
  House house({&hung});
  std::string words;
  asio::cancellation_signal signal;
  house.start(words, std::chrono::hours(1), signal.slot());
  REQUIRE(house.run_until([&] { return taken.is_open(); }));
  CHECK(house.list.rows().at(0).counts == WorkerCounts{.in_flight = 1});
  signal.emit(asio::cancellation_type::all);
  CHECK(house.run_until([&] { return house.list.rows().at(0).counts.in_flight == 0; }));
  CHECK(house.list.rows().at(0).counts == WorkerCounts{});
  CHECK(left.wait());
}

TEST_CASE("a thumbnail is asked of a worker only that makes them") {
  const auto asked_of = [](bool takes_thumbnail) {
    const protocol::WorkerHello worker_hello{.model = "squeezenet1_1",
                                             .label_count = 1000,
                                             .image_bytes_max = 1000,
                                             .takes_thumbnail = takes_thumbnail};
    std::string told;
    ScriptedPeer worker({[&](Connection& peer) {
      peer.expect(hello);
      peer.send(data_message(format_hello(worker_hello)));
      told = peer.read_until(" -");
    }});
    House house({&worker});
    house.thumbnail_side = 96;
    house.classify();
    return told;
  };
  CHECK(asked_of(true).starts_with("D 8;thumbnail=96 "));
  CHECK(asked_of(false).starts_with("D 8 "));
}
