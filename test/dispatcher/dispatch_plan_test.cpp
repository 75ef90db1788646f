#include "dispatcher/dispatch_plan.hpp"

#include <functional>

#include <catch2/catch.hpp>

#include "support/dispatcher_fixture.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using protocol::Progress;
using test::closed_on;
using test::no_worker;
using test::seen;
using Kind = AttemptFailure::Kind;

namespace {

const protocol::Refusal busy{protocol::RefusalReason::busy, ""};

std::string describe(const DispatchPlan::Action& action) {
  if (const auto* attempt = std::get_if<DispatchPlan::StartAttempt>(&action)) {
    return std::to_string(attempt->number) + ": attempt " + attempt->worker.address.host +
           (attempt->fresh ? " fresh" : "");
  }
  if (const auto* probe = std::get_if<DispatchPlan::Probe>(&action)) {
    return std::to_string(probe->number) + ": probe " + probe->worker.address.host;
  }
  if (std::holds_alternative<DispatchPlan::Wait>(action)) return "wait";
  if (std::holds_alternative<DispatchPlan::PutBack>(action)) return "put back";
  const auto& end = std::get<DispatchPlan::Finished>(action).end;
  if (std::holds_alternative<protocol::Recognition>(end)) return "recognized";
  return describe(std::get<Failure>(end));
}

/// A list of the workers w1 .. wN and a plan for it. The test sets the time.
struct PlanFixture {
  explicit PlanFixture(int count, bool queued = false)
      : plan(list, now + std::chrono::seconds(60), {}, queued) {
    for (int i = 1; i <= count; ++i) list.add({"w" + std::to_string(i), 1});
  }
  std::string start() { return describe(plan.start(now)); }
  std::string fail(std::size_t number, Kind kind, Progress progress, bool reused = false) {
    return describe(plan.on_failure(number, {kind, progress, reused, {}}, now));
  }
  std::string end(std::size_t number, const protocol::Result& result) {
    return describe(plan.on_result(number, result, now));
  }
  std::string probed(std::size_t number, bool accepts) {
    return describe(plan.on_probe(number, accepts, now));
  }
  std::string slow() { return describe(plan.on_slow(now)); }

  // The failures that the rules about bad images distinguish:
  std::string dies(std::size_t number) {
    return fail(number, Kind::connection_lost, Progress::image_sent);
  }
  std::string closes(std::size_t number, bool accepts) {
    CHECK(fail(number, Kind::closed, Progress::image_sent).find(": probe ") != std::string::npos);
    return probed(number, accepts);
  }
  std::string refuses(std::size_t number) {
    return fail(number, Kind::unreachable, Progress::nothing_answered);
  }

  std::string left() const {
    std::string names;
    for (const auto& row : list.snapshot()) {
      if (row.state == WorkerState::in_rotation) names += row.worker.address.host + " ";
    }
    return names;
  }
  Clock::time_point now = Clock::time_point(std::chrono::hours(1));
  WorkerList list;
  DispatchPlan plan;
};

const std::string all_busy = "All workers are busy. Try again in a moment.";
const std::string out_of_resources =
    "The dispatcher has run out of resources. Try again in a moment.";

}  // namespace

TEST_CASE("an empty list has no active worker") {
  PlanFixture f(0);
  CHECK(f.start() == no_worker);
}

TEST_CASE("a recognition ends the plan") {
  PlanFixture f(2);
  CHECK(f.start() == "0: attempt w1");
  CHECK(f.end(0, seen) == "recognized");
  CHECK(f.left() == "w1 w2 ");
}

TEST_CASE("an image that a worker refuses ends the plan and ejects no worker") {
  PlanFixture f(2);
  f.start();
  CHECK(f.end(0, protocol::Refusal{protocol::RefusalReason::unreadable, "No image."}) ==
        "No image.");
  CHECK(f.left() == "w1 w2 ");
}

TEST_CASE("every kind of death ejects the worker once, and the next worker is tried") {
  struct Row {
    Kind kind;
    Progress progress;
    bool reused;
    bool harmed_by_image;
  };
  const std::vector<Row> deaths{
      {Kind::unreachable, Progress::nothing_answered, false, false},
      {Kind::closed, Progress::nothing_answered, false, false},
      {Kind::closed, Progress::size_answered, false, false},
      {Kind::closed, Progress::size_answered, true, false},
      {Kind::connection_lost, Progress::nothing_answered, false, false},
      {Kind::connection_lost, Progress::size_answered, true, false},
      {Kind::connection_lost, Progress::image_sent, false, true},
      {Kind::connection_lost, Progress::image_sent, true, true},
      {Kind::timed_out, Progress::nothing_answered, true, false},
      {Kind::timed_out, Progress::image_sent, false, false},
      {Kind::nonsense, Progress::nothing_answered, true, false},
      {Kind::nonsense, Progress::image_sent, false, false},
  };
  for (const auto& [kind, progress, reused, harmed_by_image] : deaths) {
    INFO(static_cast<int>(kind) << " " << static_cast<int>(progress) << " " << reused);
    PlanFixture f(3);
    f.start();
    CHECK(f.fail(0, kind, progress, reused) == "1: attempt w2");
    REQUIRE(f.plan.ejected().has_value());
    CHECK(f.plan.ejected()->address.host == "w1");
    CHECK(f.left() == "w2 w3 ");
    // Only deaths that the image may have caused end the plan at the second worker.
    CHECK(f.fail(1, kind, progress, reused) == (harmed_by_image ? closed_on : "2: attempt w3"));
    CHECK(f.left() == "w3 ");
    if (!harmed_by_image) CHECK(f.fail(2, kind, progress, reused) == no_worker);
  }
}

TEST_CASE("a failure of a worker that is already ejected ejects no worker") {
  PlanFixture f(2);
  f.start();
  f.list.eject(WorkerId{1}, f.now);
  CHECK(f.refuses(0) == "1: attempt w2");
  CHECK_FALSE(f.plan.ejected().has_value());
}

TEST_CASE("after an idle connection has ended, the worker is tried once more on a fresh one") {
  for (const Kind kind : {Kind::closed, Kind::connection_lost}) {
    PlanFixture f(2);
    f.start();
    CHECK(f.fail(0, kind, Progress::nothing_answered, true) == "0: attempt w1 fresh");
    CHECK_FALSE(f.plan.ejected().has_value());
    DYNAMIC_SECTION("and succeeds, kind " << static_cast<int>(kind)) {
      CHECK(f.end(0, seen) == "recognized");
    }
    DYNAMIC_SECTION("and fails, kind " << static_cast<int>(kind)) {
      CHECK(f.refuses(0) == "1: attempt w2");
      CHECK(f.left() == "w2 ");
      CHECK(f.fail(1, kind, Progress::nothing_answered, true) == "1: attempt w2 fresh");
    }
  }
}

TEST_CASE("an attempt is repeated on a fresh connection at most once, however that one ends") {
  PlanFixture f(2);
  f.start();
  CHECK(f.fail(0, Kind::closed, Progress::nothing_answered, true) == "0: attempt w1 fresh");
  CHECK(f.fail(0, Kind::closed, Progress::nothing_answered, true) == "1: attempt w2");
  CHECK(f.left() == "w2 ");
}

TEST_CASE("closing the connection on the complete image counts against the image") {
  PlanFixture f(3);
  f.start();
  CHECK(f.fail(0, Kind::closed, Progress::image_sent) == "0: probe w1");
  SECTION("after two such workers the request fails, and both stay in rotation") {
    CHECK(f.probed(0, true) == "1: attempt w2");
    CHECK(f.fail(1, Kind::closed, Progress::image_sent) == "1: probe w2");
    CHECK(f.probed(1, true) == closed_on);
    CHECK(f.left() == "w1 w2 w3 ");
  }
  SECTION("another worker may still recognize it") {
    CHECK(f.probed(0, true) == "1: attempt w2");
    CHECK(f.end(1, seen) == "recognized");
    CHECK(f.left() == "w1 w2 w3 ");
  }
  SECTION("a worker that no longer accepts connections is dead") {
    CHECK(f.probed(0, false) == "1: attempt w2");
    CHECK(f.plan.ejected()->address.host == "w1");
    CHECK(f.left() == "w2 w3 ");
  }
  SECTION("a reused connection makes no difference") {
    f.probed(0, true);
    CHECK(f.fail(1, Kind::closed, Progress::image_sent, true) == "1: probe w2");
  }
}

TEST_CASE("an image that harmed two workers is not tried on a third, however it harmed them") {
  const std::vector<std::function<std::string(PlanFixture&, std::size_t)>> harms{
      [](PlanFixture& f, std::size_t number) { return f.dies(number); },
      [](PlanFixture& f, std::size_t number) { return f.closes(number, true); },
      [](PlanFixture& f, std::size_t number) { return f.closes(number, false); }};
  const std::vector<std::function<std::string(PlanFixture&, std::size_t)>> others{
      [](PlanFixture& f, std::size_t number) { return f.refuses(number); },
      [](PlanFixture& f, std::size_t number) { return f.end(number, busy); },
      [](PlanFixture& f, std::size_t number) {
        return f.fail(number, Kind::connection_lost, Progress::size_answered);
      },
      [](PlanFixture& f, std::size_t number) {
        return f.fail(number, Kind::timed_out, Progress::image_sent);
      }};
  for (const auto& first : harms) {
    for (const auto& second : harms) {
      PlanFixture f(3);
      f.start();
      CHECK(first(f, 0) == "1: attempt w2");
      CHECK(second(f, 1) == closed_on);
      // A harmless failure between the two doesn't count, and the first harm isn't forgotten.
      for (const auto& other : others) {
        PlanFixture g(4);
        g.start();
        CHECK(first(g, 0) == "1: attempt w2");
        CHECK(other(g, 1) == "2: attempt w3");
        CHECK(second(g, 2) == closed_on);
      }
    }
  }
}

TEST_CASE("if the image harmed the only worker, the failure depends on that worker's state") {
  PlanFixture f(1);
  f.start();
  SECTION("it closed the connection and is alive") {
    CHECK(f.closes(0, true) == closed_on);
    CHECK(f.left() == "w1 ");
  }
  SECTION("it closed the connection and is dead") {
    CHECK(f.closes(0, false) == no_worker);
    CHECK(f.left().empty());
  }
  SECTION("it died") {
    CHECK(f.dies(0) == no_worker);
    CHECK(f.left().empty());
  }
}

TEST_CASE("after a harmed worker and a busy one, the request may be tried again later") {
  PlanFixture f(2);
  f.start();
  f.closes(0, true);
  CHECK(f.end(1, busy) == all_busy);
}

TEST_CASE("a busy worker stays in rotation, and each worker is tried once") {
  PlanFixture f(2);
  f.start();
  CHECK(f.end(0, busy) == "1: attempt w2");
  CHECK(f.end(1, busy) == all_busy);
  CHECK(f.left() == "w1 w2 ");
}

TEST_CASE("a lack of resources on this machine ejects no worker") {
  PlanFixture f(2);
  f.start();
  CHECK(f.fail(0, Kind::no_resources, Progress::nothing_answered) == "1: attempt w2");
  SECTION("it doesn't prevent an attempt at a worker that needs no such resource") {
    CHECK(f.end(1, seen) == "recognized");
  }
  SECTION("it is the reported failure if every worker needs the resource") {
    CHECK(f.fail(1, Kind::no_resources, Progress::nothing_answered) == out_of_resources);
  }
  CHECK(f.left() == "w1 w2 ");
}

TEST_CASE("with a lack of resources and dead workers, the lack of resources is reported") {
  PlanFixture f(2);
  f.start();
  CHECK(f.fail(0, Kind::no_resources, Progress::nothing_answered) == "1: attempt w2");
  CHECK(f.refuses(1) == out_of_resources);
  CHECK(f.left() == "w1 ");
}

TEST_CASE("a queued image that only finds busy workers begins again later") {
  PlanFixture f(2, true);
  CHECK(f.start() == "0: attempt w1");
  CHECK(f.end(0, busy) == "1: attempt w2");
  CHECK(f.end(1, busy) == "put back");
  CHECK(f.plan.tried().empty());
  CHECK(f.start() == "2: attempt w2");
  CHECK(f.end(2, busy) == "3: attempt w1");
  CHECK(f.end(3, seen) == "recognized");
}

TEST_CASE("a queued image isn't sent to a worker without room after a busy one") {
  PlanFixture f(2, true);
  f.list.set_model(2, {"m", true}, 1);
  for (int i = 0; i < 2; ++i) f.list.begin_attempt(2, f.now);
  CHECK(f.start() == "0: attempt w1");
  CHECK(f.end(0, busy) == "put back");
}

TEST_CASE("what a queued image did to workers isn't forgotten while it waits") {
  PlanFixture f(3, true);
  f.start();
  CHECK(f.closes(0, true) == "1: attempt w2");
  CHECK(f.end(1, busy) == "2: attempt w3");
  CHECK(f.end(2, busy) == "put back");
  CHECK(f.plan.tried().size() == 1);
  CHECK(f.start() == "3: attempt w2");
  CHECK(f.closes(3, true) == closed_on);
}

TEST_CASE("a queued image fails if the busy worker has gone") {
  PlanFixture f(1, true);
  f.start();
  CHECK(f.end(0, busy) == "put back");
  f.list.eject(1, f.now);
  CHECK(f.start() == no_worker);
}

TEST_CASE("with one busy and one dead worker, busy is reported") {
  PlanFixture f(2);
  f.start();
  CHECK(f.end(0, busy) == "1: attempt w2");
  CHECK(f.refuses(1) == all_busy);
}

TEST_CASE("a slow request is sent to a second worker, and the first answer wins") {
  for (const std::size_t winner : {0U, 1U}) {
    PlanFixture f(3);
    f.start();
    CHECK(f.slow() == "1: attempt w2");
    CHECK(f.end(winner, seen) == "recognized");
    CHECK(f.left() == "w1 w2 w3 ");
  }
}

TEST_CASE("a request is hedged at most once, and only if there is another worker") {
  PlanFixture f(3);
  f.start();
  CHECK(f.slow() == "1: attempt w2");
  CHECK(f.slow() == "wait");
  PlanFixture alone(1);
  alone.start();
  CHECK(alone.slow() == "wait");
}

TEST_CASE("when one of two attempts fails, the other is the retry") {
  for (const std::size_t first : {0U, 1U}) {
    const std::size_t second = 1 - first;
    PlanFixture f(3);
    f.start();
    f.slow();
    DYNAMIC_SECTION("which may succeed, after number " << first) {
      CHECK(f.refuses(first) == "wait");
      CHECK(f.end(second, seen) == "recognized");
    }
    DYNAMIC_SECTION("and a third follows both, after number " << first) {
      CHECK(f.refuses(first) == "wait");
      CHECK(f.refuses(second) == "2: attempt w3");
    }
    DYNAMIC_SECTION("a busy one counts as ended, after number " << first) {
      CHECK(f.end(first, busy) == "wait");
      CHECK(f.end(second, busy) == "2: attempt w3");
    }
    DYNAMIC_SECTION("a lack of resources here doesn't end the other attempt, after number "
                    << first) {
      CHECK(f.fail(first, Kind::no_resources, Progress::nothing_answered) == "wait");
      CHECK(f.end(second, seen) == "recognized");
    }
    DYNAMIC_SECTION("if the image harms both workers, the request fails, after number " << first) {
      CHECK(f.dies(first) == "wait");
      CHECK(f.dies(second) == closed_on);
    }
    DYNAMIC_SECTION("a probe is in flight as well, after number " << first) {
      CHECK(f.fail(first, Kind::closed, Progress::image_sent).substr(3) != "wait");
      CHECK(f.refuses(second) == "wait");
      CHECK(f.probed(first, true) == "2: attempt w3");
    }
    DYNAMIC_SECTION("an idle connection that ended is retried fresh under its number, after number "
                    << first) {
      CHECK(f.fail(first, Kind::closed, Progress::nothing_answered, true).substr(1, 10) ==
            ": attempt ");
      CHECK(f.end(first, seen) == "recognized");
    }
  }
}

TEST_CASE("an image that harmed a worker is not hedged") {
  PlanFixture f(3);
  f.start();
  CHECK(f.dies(0) == "1: attempt w2");
  CHECK(f.slow() == "wait");
}

TEST_CASE("no attempt begins after the deadline") {
  const std::string late = describe(DispatchPlan::on_deadline());
  CHECK(late == "No worker answered in time. Try again in a moment.");
  PlanFixture f(3);
  SECTION("the first attempt") {
    f.now += std::chrono::seconds(60);
    CHECK(f.start() == late);
  }
  SECTION("a retry, although the failure still ejects the worker") {
    f.start();
    f.now += std::chrono::seconds(60);
    CHECK(f.refuses(0) == late);
    CHECK(f.left() == "w2 w3 ");
  }
  SECTION("an attempt on a fresh connection") {
    f.start();
    f.now += std::chrono::seconds(60);
    CHECK(f.fail(0, Kind::closed, Progress::nothing_answered, true) == late);
    CHECK(f.left() == "w1 w2 w3 ");
  }
  SECTION("a hedge") {
    f.start();
    f.now += std::chrono::seconds(60);
    CHECK(f.slow() == late);
  }
  SECTION("an answer at that moment still counts") {
    f.start();
    f.now += std::chrono::seconds(60);
    CHECK(f.end(0, seen) == "recognized");
  }
}

TEST_CASE("a canceled request has its own failure") {
  CHECK(describe(DispatchPlan::on_cancelled()) ==
        "The client disconnected before the answer was ready.");
}
