// The model that answers requests which name none.

#include <catch2/catch.hpp>

#include "samoyed/dispatcher/worker_list.hpp"

using namespace samoyed::dispatcher;

namespace {

using Rule = DefaultModel::Rule;

/// Workers w1, w2, ... of a list with that rule.
struct Network {
  explicit Network(DefaultModel rule) : list([] {}, {}, std::move(rule)) {}

  void add(const std::string& name, bool trained = true) {
    const std::string host = "w" + std::to_string(list.snapshot().size() + 1);
    list.add({host, 1});
    list.set_model(id_of(host), {name, trained, 1000});
  }
  WorkerId id_of(const std::string& host) const {
    for (const WorkerRow& row : list.snapshot()) {
      if (row.worker.address.host == host) return row.worker.id;
    }
    return 0;
  }
  void eject(const std::string& host) { list.eject(id_of(host), {}); }
  /// Returns the workers of the next picks.
  std::string picks(std::string_view model, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      const auto worker = list.pick(model);
      text += (worker ? worker->address.host : "none") + " ";
    }
    return text;
  }
  std::string default_name() const {
    for (const ModelRow& row : list.models()) {
      if (row.is_default) return row.model.name;
    }
    return "none";
  }
  WorkerList list;
};

TEST_CASE("the first trained model that was listed answers requests that name none") {
  Network network({Rule::first_trained, {}});
  network.add("a", false);
  network.add("b");
  network.add("c");
  network.add("b");
  CHECK(network.default_name() == "b");
  CHECK(network.picks("", 4) == "w2 w4 w2 w4 ");
  CHECK(network.picks("a", 1) == "w1 ");
  CHECK(network.list.pick_other(network.id_of("w2"), std::vector{network.id_of("w2")})
            ->address.host == "w4");
}

TEST_CASE("the next trained model answers while the first has no worker in rotation") {
  Network network({Rule::first_trained, {}});
  network.add("a", false);
  network.add("b");
  network.add("c");
  network.eject("w2");
  CHECK(network.picks("", 2) == "w3 w3 ");
  network.list.add({"w2", 1});  // Back, at the end of the list.
  CHECK(network.picks("", 2) == "w2 w2 ");
  network.eject("w2");
  network.eject("w3");
  CHECK(network.picks("", 1) == "none ");  // The untrained worker is no replacement.
  CHECK_FALSE(network.list.lacks(""));
}

TEST_CASE("an untrained model answers if there is no trained one") {
  Network network({Rule::first_trained, {}});
  network.add("a", false);
  network.add("b", false);
  CHECK(network.picks("", 2) == "w1 w1 ");
}

TEST_CASE("of two models of the same name, only the trained one is the default") {
  Network network({Rule::first_trained, {}});
  network.add("a", false);
  network.add("a", true);
  CHECK(network.picks("", 2) == "w2 w2 ");
  REQUIRE(network.list.models().size() == 1);
  CHECK(network.list.models().front() == ModelRow{{"a", true, 1000}, 2, true});
}

TEST_CASE("reference servers and workers without a hello may answer for the default") {
  Network network({Rule::first_trained, {}});
  network.add("a");
  network.add("b");
  network.list.add({"unknown", 1});
  network.list.add({"reference", 1});
  network.list.set_reference(network.id_of("reference"));
  CHECK(network.picks("", 3) == "w1 unknown reference ");
  CHECK(network.list.may_answer("", std::nullopt));
  CHECK(network.list.may_answer("", WorkerModel{"a", true}));
  CHECK_FALSE(network.list.may_answer("", WorkerModel{"b", true}));
  CHECK(network.list.may_answer("b", WorkerModel{"b", true}));
  CHECK_FALSE(network.list.may_answer("b", std::nullopt));
}

TEST_CASE("a named default answers alone") {
  Network network({Rule::named, "b"});
  network.add("a");
  CHECK(network.list.lacks(""));
  network.add("b", false);
  CHECK_FALSE(network.list.lacks(""));
  CHECK(network.default_name() == "b");
  CHECK(network.picks("", 2) == "w2 w2 ");
  network.eject("w2");
  CHECK(network.picks("", 1) == "none ");
  CHECK_FALSE(network.list.may_answer("", std::nullopt));
}

TEST_CASE("an image waits for a worker of the default model, whatever others have room") {
  Network network({Rule::first_trained, {}});
  network.add("a");
  network.add("b");
  for (int i = 0; i < 32; ++i) network.list.begin_attempt(network.id_of("w1"));
  CHECK(network.list.must_wait("", {}));
  CHECK_FALSE(network.list.must_wait("b", {}));
}

TEST_CASE("the models of a list are in the order in which their workers were listed") {
  Network network({Rule::any, {}});
  network.add("b");
  network.add("a", false);
  network.add("b");
  network.eject("w1");
  network.list.add({"w1", 1});
  network.eject("w3");
  const auto models = network.list.models();
  REQUIRE(models.size() == 2);
  CHECK(models[0] == ModelRow{{"b", true, 1000}, 1, false});
  CHECK(models[1] == ModelRow{{"a", false, 1000}, 1, false});
}

}  // namespace
