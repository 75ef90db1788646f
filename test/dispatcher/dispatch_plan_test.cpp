#include "dispatcher/dispatch_plan.hpp"

#include <catch2/catch.hpp>

using namespace samoyed;
using namespace samoyed::dispatcher;
using protocol::Progress;
using Kind = TryFailure::Kind;

namespace {

const protocol::Recognition seen{
    .top = {{"Samoyed", 258, 0.93}}, .width = 0, .height = 0, .times = {}};

std::string describe(const DispatchPlan::Action& action) {
  if (const auto* attempt = std::get_if<DispatchPlan::Try>(&action)) {
    return "try " + attempt->worker.address.host + (attempt->fresh ? " fresh" : "");
  }
  if (const auto* probe = std::get_if<DispatchPlan::Probe>(&action)) {
    return "probe " + probe->worker.address.host;
  }
  const auto& end = std::get<DispatchPlan::Finished>(action).end;
  if (std::holds_alternative<protocol::Recognition>(end)) return "recognised";
  return describe(std::get<Failure>(end));
}

/// A list of the workers w1 .. wN and a plan over it.
struct Fixture {
  explicit Fixture(int count) {
    for (int i = 1; i <= count; ++i) list.add({"w" + std::to_string(i), 1});
  }
  std::string fail(Kind kind, Progress progress, bool reused = false) {
    return describe(plan.on_failure({kind, progress, reused, {}}));
  }
  std::string left() const {
    std::string names;
    for (const auto& row : list.rows()) names += row.worker.address.host + " ";
    return names;
  }
  WorkerList list;
  DispatchPlan plan{list};
};

const std::string no_worker = "Error: No active worker!";
const std::string closed_on =
    "Workers closed the connection on this image: it can't be recognised.";

}  // namespace

TEST_CASE("an empty list has no active worker") {
  Fixture f(0);
  CHECK(describe(f.plan.start()) == no_worker);
}

TEST_CASE("a recognition ends the plan") {
  Fixture f(2);
  CHECK(describe(f.plan.start()) == "try w1");
  CHECK(describe(f.plan.on_result(seen)) == "recognised");
  CHECK(f.left() == "w1 w2 ");
}

TEST_CASE("the image's fault ends the plan and costs no worker") {
  Fixture f(2);
  f.plan.start();
  CHECK(describe(f.plan.on_result(
            protocol::Refusal{protocol::RefusalReason::unreadable, "No image."})) == "No image.");
  CHECK(f.left() == "w1 w2 ");
}

TEST_CASE("every way to die removes the worker, once, and the next one is tried") {
  struct Row {
    Kind kind;
    Progress progress;
    bool reused;
  };
  const std::vector<Row> deaths{
      {Kind::unreachable, Progress::nothing_answered, false},
      {Kind::closed, Progress::nothing_answered, false},
      {Kind::closed, Progress::size_answered, false},
      {Kind::closed, Progress::size_answered, true},
      {Kind::connection_lost, Progress::nothing_answered, false},
      {Kind::connection_lost, Progress::size_answered, true},
      {Kind::connection_lost, Progress::image_sent, false},
      {Kind::timed_out, Progress::nothing_answered, true},
      {Kind::timed_out, Progress::image_sent, false},
      {Kind::nonsense, Progress::nothing_answered, true},
      {Kind::nonsense, Progress::image_sent, false},
  };
  for (const auto& [kind, progress, reused] : deaths) {
    INFO(static_cast<int>(kind) << " " << static_cast<int>(progress) << " " << reused);
    Fixture f(2);
    f.plan.start();
    CHECK(f.fail(kind, progress, reused) == "try w2");
    REQUIRE(f.plan.removed().has_value());
    CHECK(f.plan.removed()->address.host == "w1");
    CHECK(f.left() == "w2 ");
    CHECK(f.fail(kind, progress, reused) == no_worker);
    CHECK(f.left().empty());
  }
}

TEST_CASE("who finds a death that is known already removes nobody") {
  Fixture f(2);
  f.plan.start();
  f.list.remove(WorkerId{1});
  CHECK(f.fail(Kind::unreachable, Progress::nothing_answered) == "try w2");
  CHECK_FALSE(f.plan.removed().has_value());
}

TEST_CASE("the end of an idle connection is tried once more on a fresh one") {
  for (const Kind kind : {Kind::closed, Kind::connection_lost}) {
    Fixture f(2);
    f.plan.start();
    CHECK(f.fail(kind, Progress::nothing_answered, true) == "try w1 fresh");
    CHECK_FALSE(f.plan.removed().has_value());
    SECTION("and succeeds") { CHECK(describe(f.plan.on_result(seen)) == "recognised"); }
    SECTION("and fails") {
      CHECK(f.fail(Kind::unreachable, Progress::nothing_answered) == "try w2");
      CHECK(f.left() == "w2 ");
      CHECK(f.fail(kind, Progress::nothing_answered, true) == "try w2 fresh");
    }
  }
}

TEST_CASE("a close on the complete image counts against the image") {
  Fixture f(3);
  f.plan.start();
  CHECK(f.fail(Kind::closed, Progress::image_sent) == "probe w1");
  SECTION("after two workers it is given up, and both stay") {
    CHECK(describe(f.plan.on_probe(true)) == "try w2");
    CHECK(f.fail(Kind::closed, Progress::image_sent) == "probe w2");
    CHECK(describe(f.plan.on_probe(true)) == closed_on);
    CHECK(f.left() == "w1 w2 w3 ");
  }
  SECTION("and another worker may still recognise it") {
    CHECK(describe(f.plan.on_probe(true)) == "try w2");
    CHECK(describe(f.plan.on_result(seen)) == "recognised");
    CHECK(f.left() == "w1 w2 w3 ");
  }
  SECTION("but a worker that accepts no more is dead") {
    CHECK(describe(f.plan.on_probe(false)) == "try w2");
    CHECK(f.plan.removed()->address.host == "w1");
    CHECK(f.left() == "w2 w3 ");
  }
  SECTION("and a reused connection makes no difference") {
    f.plan.on_probe(true);
    CHECK(f.fail(Kind::closed, Progress::image_sent, true) == "probe w2");
  }
}

TEST_CASE("a single worker that closes on the image stays, and the image is given up") {
  Fixture f(1);
  f.plan.start();
  f.fail(Kind::closed, Progress::image_sent);
  CHECK(describe(f.plan.on_probe(true)) == closed_on);
  CHECK(f.left() == "w1 ");
}

TEST_CASE("a busy worker stays and the next one is tried, each once") {
  Fixture f(2);
  f.plan.start();
  const protocol::Refusal busy{protocol::RefusalReason::busy, ""};
  CHECK(describe(f.plan.on_result(busy)) == "try w2");
  CHECK(describe(f.plan.on_result(busy)) == "All workers are busy: try again in a moment.");
  CHECK(f.left() == "w1 w2 ");
}

TEST_CASE("a lack of resources of our own removes nobody") {
  Fixture f(2);
  f.plan.start();
  CHECK(f.fail(Kind::no_resources, Progress::nothing_answered) ==
        "The dispatcher is out of connections: try again in a moment.");
  CHECK(f.left() == "w1 w2 ");
}

TEST_CASE("one busy and one dead worker are busy, not absent") {
  Fixture f(2);
  f.plan.start();
  CHECK(describe(f.plan.on_result(protocol::Refusal{protocol::RefusalReason::busy, ""})) ==
        "try w2");
  CHECK(f.fail(Kind::unreachable, Progress::nothing_answered) ==
        "All workers are busy: try again in a moment.");
}
