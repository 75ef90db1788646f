#include "web/routes/model_handlers.hpp"

#include <chrono>
#include <list>
#include <stdexcept>
#include <string>
#include <vector>

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "samoyed/protocol/limits.hpp"
#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using dispatcher::Failure;
using dispatcher::FailureReason;
using nlohmann::json;
using test::count_of;

template <typename Base>
struct ModelsAsking : Base {
  ModelsAsking() {
    add("kennel", {"a b/c", true, 3});
    add("den", {"tiny", false, 1000});
  }
  void add(const std::string& host, const dispatcher::WorkerModel& model) {
    this->workers.add({host, 1});
    this->workers.set_model(this->workers.snapshot().back().worker.id, model);
  }
  json read(const std::string& target) { return json::parse(this->get(target).body); }
  /// Lets workers answer with these labels.
  void answer_with(std::vector<protocol::RankedLabel> labels) {
    dispatcher::Answer answer;
    answer.recognition.top = std::move(labels);
    this->classifier.outcomes = {answer};
  }
};

using ModelsTest = ModelsAsking<test::HandlerFixture>;
using GuardedModelsTest = ModelsAsking<test::GuardedHandlerFixture>;

TEST_CASE_METHOD(ModelsTest, "the models of the workers are listed") {
  const json models = read("/api/v1/models").at("models");
  REQUIRE(models.size() == 2);
  CHECK(models[0] == json::parse(R"({"name": "a b/c", "trained": true, "default": false,
    "label_count": 3, "workers": 1, "labels_href": "/api/v1/models/a%20b%2Fc/labels"})"));
  CHECK(read("/api/v1/models/a%20b%2Fc") == models[0]);
  CHECK(read("/api/v1/models/tiny") == models[1]);
  context.base_path = "/samoyed";
  CHECK(read("/api/v1/models/tiny").at("labels_href") == "/samoyed/api/v1/models/tiny/labels");
}

TEST_CASE_METHOD(GuardedModelsTest, "only those who may see the workers learn how many there are") {
  CHECK(!read("/api/v1/models/tiny").contains("workers"));
  CHECK(!read("/api/v1/models").at("models").at(1).contains("workers"));
  context.admin = AdminGate::Verdict::admitted;
  CHECK(read("/api/v1/models/tiny").at("workers") == 1);
  CHECK(read("/api/v1/models").at("models").at(1).at("workers") == 1);
}

TEST_CASE_METHOD(ModelsTest, "a worker names the labels of its model once") {
  answer_with({{"cat", 1, 0.5}, {"ox", 2, 0.3}, {"dog", 0, 0.2}});
  const json labels = read("/api/v1/models/a%20b%2Fc/labels");
  CHECK(labels == json::parse(R"({"network": {"name": "a b/c", "trained": true},
    "label_count": 3, "complete": true, "labels": [{"label": "dog", "class": 0},
    {"label": "cat", "class": 1}, {"label": "ox", "class": 2}]})"));
  CHECK(read("/api/v1/models/a%20b%2Fc/labels") == labels);
  REQUIRE(classifier.requests.size() == 1);
  CHECK(classifier.requests[0].model == "a b/c");
  CHECK(classifier.requests[0].top == protocol::top_max);
  CHECK(classifier.requests[0].image->format() != nullptr);
  CHECK(history.recorded.empty());
}

TEST_CASE_METHOD(ModelsTest, "labels are asked for again when the model has changed") {
  answer_with({{"cat", 0, 1}});
  read("/api/v1/models/tiny/labels");
  workers.set_model(workers.snapshot().back().worker.id, {"tiny", true, 2});
  answer_with({{"dog", 0, 0.5}, {"ox", 1, 0.5}});
  const json labels = read("/api/v1/models/tiny/labels");
  CHECK(labels.at("labels")[0].at("label") == "dog");
  CHECK(labels.at("complete") == true);
}

TEST_CASE_METHOD(ModelsTest, "a list that a worker can't name completely says so") {
  answer_with({{"cat", 0, 1}});
  CHECK(read("/api/v1/models/tiny/labels").at("complete") == false);
}

TEST_CASE_METHOD(ModelsTest, "labels that no worker can name are an error, and asked for again") {
  classifier.outcomes = {Failure{FailureReason::no_active_worker, {}}};
  CHECK(get("/api/v1/models/tiny/labels").status == 503);
  classifier.requests.clear();
  answer_with({{"cat", 0, 1}});
  CHECK(get("/api/v1/models/tiny/labels").status == 200);
}

TEST_CASE_METHOD(ModelsTest, "a question for labels has a short deadline, and its answer expires") {
  answer_with({{"cat", 0, 1}});
  context.now = std::chrono::steady_clock::now();
  CHECK(get("/api/v1/models/tiny/labels").status == 200);
  REQUIRE(classifier.requests.size() == 1);
  CHECK(classifier.requests[0].deadline == context.now + std::chrono::seconds(10));
  context.now += LabelLists::kept_time - std::chrono::minutes(1);
  CHECK(get("/api/v1/models/tiny/labels").status == 200);
  CHECK(classifier.requests.size() == 1);
  // By then it is at least that old.
  context.now += std::chrono::hours(1);
  CHECK(get("/api/v1/models/tiny/labels").status == 200);
  CHECK(classifier.requests.size() == 2);
}

/// Answers when it is told to.
class WaitingClassifier final : public dispatcher::Classifier {
 public:
  explicit WaitingClassifier(asio::io_context& io)
      : answered_(io, std::chrono::steady_clock::time_point::max()) {}

  asio::awaitable<dispatcher::Outcome> classify(dispatcher::ClassifyRequest) override {
    ++asked;
    std::error_code ignored;
    co_await answered_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (failing) throw std::runtime_error("an internal error");
    dispatcher::Answer answer;
    answer.recognition.top = {{"cat", 0, 1}};
    co_return answer;
  }
  void answer() { answered_.cancel(); }

  int asked = 0;
  bool failing = false;

 private:
  asio::steady_timer answered_;
};

/// Several clients who ask for labels at the same time.
struct SharedLabelsTest : ModelsTest {
  void ask(const std::string& target) {
    contexts.push_back(context_of({"GET", target, 11, {}, {}}));
    RequestContext& one = contexts.back();
    asio::co_spawn(io, one.route.route->handler(shared, one),
                   [this](std::exception_ptr failure, const Response& response) {
                     statuses.push_back(failure ? 500 : response.status);
                   });
    io.poll();
    io.restart();
  }

  asio::io_context io{1};
  WaitingClassifier waiting{io};
  Services shared{.classifier = waiting,
                  .workers = workers,
                  .gate = gate,
                  .metrics = metrics,
                  .rules = {.image_bytes_max = test::image_bytes_max, .hosts = {"kennel", {}}}};
  std::list<RequestContext> contexts;
  std::vector<int> statuses;
};

TEST_CASE_METHOD(SharedLabelsTest,
                 "those who ask for the same labels at a time share one question") {
  for (int count = 0; count < 3; ++count) ask("/api/v1/models/tiny/labels");
  CHECK(waiting.asked == 1);
  ask("/api/v1/models/a%20b%2Fc/labels");
  CHECK(waiting.asked == 2);
  CHECK(statuses.empty());
  SECTION("they get the same answer") {
    waiting.answer();
    io.run();
    CHECK(statuses == std::vector<int>(4, 200));
  }
  SECTION("an internal error ends the question for all") {
    waiting.failing = true;
    waiting.answer();
    io.run();
    CHECK(statuses == std::vector<int>(4, 500));
    io.restart();
    ask("/api/v1/models/tiny/labels");
    CHECK(waiting.asked == 3);
    waiting.answer();
    io.run();
  }
}

TEST_CASE_METHOD(SharedLabelsTest, "only a few different labels are asked for at a time") {
  for (int count = 0; count < 5; ++count) {
    const std::string name = "m" + std::to_string(count);
    add("host-" + name, {name, true, 1});
    ask("/api/v1/models/" + name + "/labels");
  }
  CHECK(waiting.asked == 4);
  CHECK(statuses == std::vector<int>{503});
  waiting.answer();
  io.run();
  CHECK(statuses == std::vector<int>{503, 200, 200, 200, 200});
}

TEST_CASE_METHOD(ModelsTest, "an error for an unknown model names those that exist") {
  const std::string names = "The workers run a b/c, tiny.";
  for (const std::string target : {"/api/v1/models/x", "/api/v1/models/x/labels",
                                   "/api/v1/models/%ff%/labels", "/v2/models/x"}) {
    INFO(target);
    const Response response = get(target);
    CHECK(response.status == 404);
    CHECK(count_of(response.body, names) == 1);
  }
  CHECK(count_of(api_answer_to(Failure{FailureReason::unknown_model, {}}).body, names) == 1);
  for (int i = 0; i < 30; ++i) add("w" + std::to_string(i), {"m" + std::to_string(i), true});
  CHECK(count_of(get("/api/v1/models/x").body, "tiny, m0") == 1);
  CHECK(count_of(get("/api/v1/models/x").body, "m17 and 12 others.") == 1);
}

TEST_CASE_METHOD(ModelsTest, "the form offers the networks, and the chosen one is used") {
  const std::string page = get("/").body;
  CHECK(count_of(page, "<select id=\"model\" name=\"model\">") == 1);
  CHECK(count_of(page, "<option value=\"a b/c\">a b/c</option>") == 1);
  Request request = upload("name=file; filename=a.jpg",
                           "abc\r\n--b\r\nContent-Disposition: form-data; name=model\r\n\r\ntiny");
  dispatcher::Answer answer;
  answer.model = dispatcher::WorkerModel{"tiny", false};
  classifier.outcomes = {answer};
  const Response response = respond(request);
  CHECK(classifier.requests.back().model == "tiny");
  CHECK(count_of(response.body, "<option value=\"tiny\" selected>tiny – untrained</option>") == 1);
  request = upload("name=file; filename=a.jpg",
                   "abc\r\n--b\r\nContent-Disposition: form-data; name=model\r\n\r\n");
  CHECK(respond(request).status == 200);
  CHECK(classifier.requests.back().model.empty());
  request = upload(
      "name=file; filename=a.jpg",
      "abc\r\n--b\r\nContent-Disposition: form-data; name=model\r\n\r\n" + std::string(257, 'm'));
  CHECK(respond(request).status == 400);
  workers.remove({"den", 1});
  CHECK(count_of(get("/").body, "<select") == 0);
}

TEST_CASE_METHOD(ModelsTest, "a form's address may name the network, and its field counts more") {
  Request request = upload("name=file; filename=a.jpg", "abc");
  request.target = "/?model=tiny&utm_source=mail";
  classifier.outcomes = {Failure{FailureReason::unknown_model, {}}};
  CHECK(respond(request).status == 404);
  CHECK(classifier.requests.back().model == "tiny");
  request.target = "/?model=" + std::string(257, 'm');
  CHECK(respond(request).status == 400);
  request = upload("name=file; filename=a.jpg",
                   "abc\r\n--b\r\nContent-Disposition: form-data; name=model\r\n\r\ntiny");
  request.target = "/?model=other";
  CHECK(respond(request).status == 404);
  CHECK(classifier.requests.back().model == "tiny");
}

TEST_CASE_METHOD(ModelsTest, "a model isn't called unknown while a worker may run it") {
  const std::string sentence =
      "Error: No active worker! The workers that have reported their model run a b/c, tiny; "
      "another worker may run the requested model.";
  const std::vector<std::string> targets{"/api/v1/models/x", "/api/v1/models/x/labels",
                                         "/v2/models/x", "/v2/models/x/ready"};
  for (const std::string& target : targets) CHECK(get(target).status == 404);
  workers.add({"silent", 1});
  for (const std::string& target : targets) {
    INFO(target);
    const Response response = get(target);
    CHECK(response.status == 503);
    CHECK(find_field(response.fields, "Samoyed-Reason") == "no_active_worker");
    CHECK(count_of(response.body, sentence) == 1);
  }
  const Failure none{FailureReason::no_active_worker, {}};
  classifier.outcomes = {none};
  const Response classified =
      respond({"POST", "/api/v1/classify?model=x", 11, {{"Content-Type", "image/jpeg"}}, "abc"});
  CHECK(classified.status == 503);
  CHECK(json::parse(classified.body).at("detail") == sentence);
  CHECK(json::parse(api_answer_to(none).body).at("detail") == "Error: No active worker!");
}

TEST_CASE_METHOD(ModelsTest, "a model whose workers are all gone is called unavailable") {
  workers.eject(workers.snapshot().front().worker.id, {});
  for (const std::string target : {"/v2/models/a%20b%2Fc", "/v2/models/a%20b%2Fc/ready"}) {
    const Response response = get(target);
    CHECK(response.status == 503);
    CHECK(json::parse(response.body).at("error") == "Error: No active worker!");
  }
}

}  // namespace
}  // namespace samoyed::web
