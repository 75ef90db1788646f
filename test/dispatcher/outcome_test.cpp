// Messages for people about images that weren't recognized.

#include "samoyed/dispatcher/outcome.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;

namespace {

const Failure nobody_active{FailureReason::no_active_worker, {}};
const Failure no_such_model{FailureReason::unknown_model, {}};

void add_running(WorkerList& workers, const std::string& model) {
  workers.add({model, 1});
  workers.set_model(workers.snapshot().back().worker.id, {model, true});
}

}  // namespace

TEST_CASE("an error for an unknown model names those that the workers run") {
  WorkerList workers;
  add_running(workers, "a");
  add_running(workers, "b");
  CHECK(describe(no_such_model, workers, "x") ==
        "No worker runs the requested model. The workers run a, b.");
  for (int i = 0; i < 18; ++i) add_running(workers, "m" + std::to_string(i));
  CHECK(describe(no_such_model, workers, "x").ends_with(", m16, m17."));
  add_running(workers, "m18");
  CHECK(describe(no_such_model, workers, "x").ends_with(", m16, m17 and 1 other."));
}

TEST_CASE("without an active worker, the error says what is known about the requested model") {
  WorkerList workers;
  workers.add({"silent", 1});
  const std::string start = "Error: No active worker!";
  CHECK(describe(nobody_active, workers, "") == start);
  CHECK(describe(nobody_active, workers, "x") ==
        start + " No worker has reported its model yet, so the requested model can't be checked.");
  add_running(workers, "a");
  CHECK(describe(nobody_active, workers, "") == start);
  CHECK(describe(nobody_active, workers, "a") == start);
  CHECK(describe(nobody_active, workers, "x") ==
        start +
            " The workers that have reported their model run a; another worker may run the "
            "requested model.");
}

TEST_CASE("a missing default model is named in the error") {
  WorkerList workers([] {}, {}, {DefaultModel::Rule::named, "fine"});
  CHECK(describe(no_such_model, workers, "") ==
        "No worker runs the default model, fine. No worker has reported its model yet.");
  CHECK(
      describe(nobody_active, workers, "") ==
      "Error: No active worker! No worker has reported its model yet, so the default model (fine) "
      "can't be checked.");
  add_running(workers, "fine");
  CHECK(describe(nobody_active, workers, "") == "Error: No active worker!");
}

TEST_CASE("other failures are described without the models") {
  WorkerList workers;
  CHECK(describe({FailureReason::all_busy, {}}, workers, "x") ==
        describe(Failure{FailureReason::all_busy, {}}));
}
