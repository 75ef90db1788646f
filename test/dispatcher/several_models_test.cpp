// Workers that run different models in one list, and requests for one of the models.

#include <map>

#include <catch2/catch.hpp>

#include "dispatcher/dispatch_plan.hpp"
#include "support/dispatcher_fixture.hpp"
#include "support/gate.hpp"

using namespace samoyed;
using namespace samoyed::dispatcher;
using namespace samoyed::test;

namespace {

const std::string unknown_model = "No worker runs the requested model.";

/// Workers w1, w2, ... that run the models with these names. An empty name means that the model
/// isn't known yet.
struct Models {
  explicit Models(const std::vector<std::string>& names) {
    for (const auto& name : names) {
      list.add({"w" + std::to_string(list.snapshot().size() + 1), 1});
      if (!name.empty()) list.set_model(list.snapshot().size(), {name, true});
    }
  }
  std::string pick(std::string_view model) {
    const auto picked = list.pick(model);
    return picked ? picked->address.host : "none";
  }
  std::string picks(std::string_view model, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += pick(model) + " ";
    return text;
  }
  WorkerList list;
};

/// Serves one connection like a worker that runs the model `name`, until the client ends it.
ScriptedPeer::Script serve_model(const std::string& name) {
  return [name](Connection& peer) {
    if (!peer.expect(hello)) return;
    peer.send(data_message(protocol::format_hello({name, 1000, true, 1000, false})));
    while (serve(peer)) {
    }
  };
}

}  // namespace

TEST_CASE("requests for a model go to its workers in turn, whatever is requested in between") {
  Models models({"a", "b", "a", "b", "a"});
  CHECK(models.picks("a", 2) == "w1 w3 ");
  CHECK(models.picks("", 4) == "w1 w2 w3 w4 ");
  CHECK(models.picks("b", 3) == "w2 w4 w2 ");
  CHECK(models.picks("a", 3) == "w5 w1 w3 ");
  CHECK(models.pick("c") == "none");
}

TEST_CASE("the numbers of first picks for one model differ by at most one") {
  Models models({"a", "b", "a", "a", "b"});
  std::map<std::string, std::map<std::string, int>> counts;
  for (int i = 0; i < 40; ++i) {
    const std::string model = i % 3 == 0 ? "b" : i % 5 == 0 ? "" : "a";
    auto& of_model = counts[model];
    ++of_model[models.pick(model)];
    const auto [least, most] =
        std::minmax_element(of_model.begin(), of_model.end(),
                            [](const auto& x, const auto& y) { return x.second < y.second; });
    const std::size_t candidates = model == "a" ? 3 : model == "b" ? 2 : 5;
    CHECK(most->second - (of_model.size() == candidates ? least->second : 0) <= 1);
  }
}

TEST_CASE("after a removal no worker of a model is skipped or picked twice") {
  for (int cursor = 0; cursor <= 3; ++cursor) {
    for (int removed = 0; removed < 3; ++removed) {
      INFO("after " << cursor << " picks, the worker at " << removed << " is removed");
      Models models({"a", "b", "a", "a"});
      const std::vector<std::string> of_a{"w1", "w3", "w4"};
      models.picks("a", cursor);
      std::string expected;
      for (int i = 0; i < 3; ++i) {
        const int next = (cursor + i) % 3;
        if (next != removed) expected += of_a[static_cast<std::size_t>(next)] + " ";
      }
      models.list.remove({of_a[static_cast<std::size_t>(removed)], 1});
      CHECK(models.picks("a", 2) == expected);
    }
  }
}

TEST_CASE("a model that no worker is known to run has no cursor, so it costs no memory") {
  Models models({"a", "", ""});
  CHECK(models.picks("a", 3) == "w1 w2 w3 ");
  const std::string without_cursor = "w2 w2 w2 ";
  SECTION("its worker was removed") { models.list.remove({"w1", 1}); }
  SECTION("its worker runs another model now") { models.list.set_model(1, {"b", true}); }
  SECTION("its worker is a reference server now") { models.list.set_reference(1); }
  CHECK(models.picks("a", 3) == without_cursor);
}

TEST_CASE("a retry goes to a worker with the same model") {
  Models models({"a", "b", "a"});
  const std::vector<WorkerId> tried{1};
  CHECK(models.list.pick_other(1, tried, "a")->address.host == "w3");
  CHECK_FALSE(models.list.pick_other(1, std::vector<WorkerId>{1, 3}, "a").has_value());
}

TEST_CASE("an unknown worker may run any model, a reference server none by name") {
  Models models({"a", ""});
  CHECK(models.picks("a", 3) == "w1 w2 w1 ");
  CHECK(models.pick("b") == "w2");
  CHECK_FALSE(models.list.lacks("b"));
  models.list.set_reference(2);
  CHECK(models.picks("a", 2) == "w1 w1 ");
  CHECK(models.pick("b") == "none");
  CHECK(models.list.lacks("b"));
  CHECK(models.picks("", 2) == "w1 w2 ");
  models.list.set_model(2, {"b", true});
  CHECK(models.pick("b") == "w2");
}

TEST_CASE("a model that no worker is known to run gets no turns, which would take memory") {
  Models models({"", ""});
  CHECK(models.picks("any", 2) == "w1 w1 ");
}

TEST_CASE("a model is lacking only if no worker in the list has it, in rotation or not") {
  Models models({"a"});
  CHECK(models.list.lacks("b"));
  CHECK_FALSE(models.list.lacks(""));
  models.list.eject(WorkerId{1}, {});
  CHECK_FALSE(models.list.lacks("a"));
  models.list.remove({"w1", 1});
  CHECK_FALSE(models.list.lacks("a"));  // An empty list has its own failure.
}

TEST_CASE("a plan for a model fails according to that model's workers") {
  Models models({"a", "b", ""});
  const Clock::time_point now(std::chrono::hours(1));
  DispatchPlan plan(models.list, now + std::chrono::hours(1), "a");
  const auto end_of = [](const DispatchPlan::Action& action) {
    return std::get<Failure>(std::get<DispatchPlan::Finished>(action).end).reason;
  };
  CHECK(std::get<DispatchPlan::StartAttempt>(plan.start(now)).worker.address.host == "w1");
  const AttemptFailure refused{.kind = AttemptFailure::Kind::unreachable, .why = {}};
  CHECK(
      std::get<DispatchPlan::StartAttempt>(plan.on_failure(0, refused, now)).worker.address.host ==
      "w3");
  models.list.set_model(3, {"b", true});
  const AttemptFailure other{.kind = AttemptFailure::Kind::other_model, .why = {}};
  CHECK(count_as(other, false) == AttemptEnd::uncounted);
  // w1 runs the model but is dead.
  CHECK(end_of(plan.on_failure(1, other, now)) == FailureReason::no_active_worker);
  CHECK_FALSE(plan.ejected().has_value());
  CHECK(models.list.in_rotation(3));
  models.list.remove({"w1", 1});
  DispatchPlan lacking(models.list, now + std::chrono::hours(1), "a");
  CHECK(end_of(lacking.start(now)) == FailureReason::unknown_model);
}

TEST_CASE("a plan for an image that no worker reads ends with a refusal") {
  Models models({"a", "a"});
  const Clock::time_point now(std::chrono::hours(1));
  DispatchPlan plan(models.list, now + std::chrono::hours(1));
  const AttemptFailure other{.kind = AttemptFailure::Kind::other_formats, .why = {}};
  CHECK(count_as(other, false) == AttemptEnd::uncounted);
  CHECK(std::get<DispatchPlan::StartAttempt>(plan.start(now)).worker.address.host == "w1");
  const auto next = plan.on_failure(0, other, now);
  CHECK(std::get<DispatchPlan::StartAttempt>(next).worker.address.host == "w2");
  const auto last = plan.on_failure(1, other, now);
  const auto& failure = std::get<Failure>(std::get<DispatchPlan::Finished>(last).end);
  CHECK(failure.reason == FailureReason::refused);
  REQUIRE(failure.refusal.has_value());
  CHECK(failure.refusal->reason == protocol::RefusalReason::unreadable);
  CHECK(models.list.in_rotation(1));
  CHECK(models.list.in_rotation(2));
}

TEST_CASE("a worker that turns out to run another model is skipped and stays in rotation") {
  ScriptedPeer squeezenet({serve_model("squeezenet1_1")});
  ScriptedPeer resnet({serve_model("resnet18")});
  ScriptedPeer plain({answer_hello_plainly, [](Connection&) {}, serve_plain});
  DispatcherFixture fixture({&squeezenet, &plain, &resnet});
  fixture.model = "resnet18";
  for (int i = 0; i < 3; ++i) CHECK(fixture.classify() == "Samoyed by resnet18");
  CHECK(fixture.log.attempts == 5);  // Each of the other workers was tried once.
  fixture.model = "vit_b_16";
  CHECK(fixture.classify() == unknown_model);
  CHECK(fixture.log.attempts == 5);
  CHECK(fixture.log.ejections == 0);
  fixture.model = {};
  CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.classify() == "Samoyed");
  CHECK(squeezenet.connections() == 1);
  CHECK(resnet.connections() == 1);
}

TEST_CASE("a new worker of another model doesn't answer for the default") {
  ScriptedPeer squeezenet({serve_model("squeezenet1_1")});
  ScriptedPeer resnet({serve_model("resnet18")});
  DispatcherFixture fixture({&squeezenet, &resnet}, DispatchOptions{.timeouts = patient}, {},
                            {DefaultModel::Rule::first_trained, {}});
  for (int i = 0; i < 4; ++i) CHECK(fixture.classify() == "Samoyed by squeezenet1_1");
  CHECK(fixture.log.attempts == 5);  // The other worker was tried once.
}

TEST_CASE("a worker may run another model at each of its connections") {
  ScriptedPeer worker({serve_model("a"), serve_model("b")}, 0, true);
  DispatcherFixture dispatcher({&worker}, DispatchOptions{.timeouts = patient}, {},
                               {DefaultModel::Rule::first_trained, {}});
  CHECK(dispatcher.classify() == "Samoyed by a");
  CHECK(dispatcher.log.model_changes.empty());
  dispatcher.probe_all();  // Over another connection.
  CHECK(dispatcher.log.model_changes == "a>b ");
  // The connection to the former model isn't used again.
  CHECK(dispatcher.classify() == "Samoyed by b");
  CHECK(dispatcher.workers_left() == 1);
}

TEST_CASE("a connection whose worker's model changes during an image isn't used again") {
  Gate asked;
  Gate changed;
  const auto serve_slowly = [&](Connection& peer) {
    peer.expect(hello);
    peer.send(data_message(protocol::format_hello({"a", 1000, true, 1000, false})));
    peer.expect(size);
    asked.open();
    changed.wait();
    peer.send("A");
    peer.expect(image->message());
    peer.send("A" + json_result);
    peer.wait_for_end();
  };
  ScriptedPeer worker({serve_slowly, serve_model("b")}, 0, true);
  DispatcherFixture dispatcher({&worker}, DispatchOptions{.timeouts = patient}, {},
                               {DefaultModel::Rule::first_trained, {}});
  std::string first;
  dispatcher.start(first);
  REQUIRE(dispatcher.run_until([&] { return asked.is_open(); }));
  asio::co_spawn(dispatcher.io, dispatcher.dispatcher.probe(dispatcher.list.snapshot()[0].worker),
                 [](std::exception_ptr failure, const ProbeEnd&) { CHECK_FALSE(failure); });
  REQUIRE(dispatcher.run_until([&] { return dispatcher.log.model_changes == "a>b "; }));
  changed.open();
  REQUIRE(dispatcher.run_until([&] { return !first.empty(); }));
  CHECK(first == "Samoyed by a");
  CHECK(dispatcher.classify() == "Samoyed by b");
}
