#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using dispatcher::Failure;
using dispatcher::FailureReason;
using nlohmann::json;
using test::HandlerFixture;
using test::image_bytes_max;
using Verdict = AdminGate::Verdict;

struct ApiTest : HandlerFixture {
  using HandlerFixture::HandlerFixture;

  Response ask(const std::string& method, const std::string& target, const std::string& body = {},
               Fields fields = {}) {
    return respond({method, target, 11, std::move(fields), body});
  }

  /// Checks that a response is a problem with that reason, and returns it.
  static json problem(const Response& response, const std::string& reason, int status) {
    CHECK(response.status == status);
    CHECK(find_field(response.fields, "Content-Type") == "application/problem+json");
    CHECK(find_field(response.fields, "Samoyed-Reason") == reason);
    json body = json::parse(response.body);
    CHECK(body.at("reason") == reason);
    CHECK(body.at("status") == status);
    CHECK(body.at("type") == "about:blank");
    CHECK(body.at("request_id") == "visit-1");
    CHECK(!body.at("title").get<std::string>().empty());
    CHECK(!body.at("detail").get<std::string>().empty());
    return body;
  }

  static Request picture(const std::string& target, const std::string& type,
                         const std::string& body) {
    return {"POST", target, 11, {{"Content-Type", type}, {"Host", "localhost:9999"}}, body};
  }
};

struct GuardedApiTest : ApiTest {
  GuardedApiTest() : ApiTest("secret") {
    workers.add({"hidden-worker", 8888});
    context.admin = Verdict::missing;
  }
};

TEST_CASE_METHOD(ApiTest, "an image comes as it is or in a form, with its options") {
  const std::string target = "/api/v1/classify?top=7&model=SqueezeNet%201.1";
  Request form = upload("name=file; filename=a.jpg", "abc");
  form.target = target;
  for (const Request& request :
       {picture(target, "image/jpeg", "abc"), picture(target, "image/x-unheard-of", "abc"),
        picture(target, "Application/Octet-Stream; x=y", "abc"), form}) {
    INFO(find_field(request.fields, "Content-Type"));
    CHECK(!rejection(request));
    CHECK(is_upload(context_of(request)));
    CHECK(find_field(respond(request).fields, "Content-Type") == "application/json");
    CHECK(classifier.texts.back() == "YWJj");
    CHECK(classifier.requests.back().top == 7);
    CHECK(classifier.requests.back().model == "SqueezeNet 1.1");
  }
}

TEST_CASE_METHOD(ApiTest, "images that the API can't accept are rejected") {
  struct Case {
    Request request;
    int status;
    std::string reason;
  };
  const std::string target = "/api/v1/classify";
  const std::string too_many(image_bytes_max + 1, 'a');
  for (const Case& one : std::vector<Case>{
           {picture(target, "text/plain", "abc"), 415, "wrong_type"},
           {picture(target, "", "abc"), 415, "wrong_type"},
           {picture(target, "image/png", ""), 400, "bad_form"},
           {picture(target, "image/png", too_many), 413, "too_large"},
           {picture(target + "?top=0", "image/png", "a"), 400, "bad_parameter"},
           {picture(target + "?top=1001", "image/png", "a"), 400, "bad_parameter"},
           {picture(target + "?top=5x", "image/png", "a"), 400, "bad_parameter"},
           {picture(target + "?top=", "image/png", "a"), 400, "bad_parameter"},
           {picture(target + "?model=", "image/png", "a"), 400, "bad_parameter"},
           {picture(target + "?model=" + std::string(257, 'm'), "image/png", "a"), 400,
            "bad_parameter"},
           // In UTF-8, each of these bytes becomes three.
           {picture(target + "?model=" + std::string(86, '\xe9'), "image/png", "a"), 400,
            "bad_parameter"},
       }) {
    problem(respond(one.request), one.reason, one.status);
  }
}

TEST_CASE_METHOD(ApiTest, "an answer contains everything about a recognition") {
  dispatcher::Answer answer;
  answer.recognition.top = {{"Samoyed", 258, 0.75}, {"keeshond\xff", std::nullopt, 0.25}};
  answer.recognition.width = 640;
  answer.recognition.height = 480;
  answer.recognition.times =
      protocol::PhaseTimes{.queue_ms = 1, .decode_ms = 2, .resize_ms = 3, .forward_ms = 4};
  answer.worker = {"localhost", 8888};
  answer.model = dispatcher::WorkerModel{"SqueezeNet 1.1", false};
  answer.transfer_ms = 5;
  answer.elapsed_ms = 20;
  const Response response = api_answer_to(answer);
  CHECK(response.status == 200);
  CHECK(find_field(response.fields, "Content-Type") == "application/json");
  CHECK(find_field(response.fields, "Cache-Control") == "no-store");
  CHECK(json::parse(response.body) == json::parse(R"({
    "request_id": "visit-1",
    "network": {"name": "SqueezeNet 1.1", "trained": false},
    "model": {"name": "SqueezeNet 1.1", "trained": false},
    "labels": [{"label": "Samoyed", "class": 258, "probability": 0.75},
               {"label": "keeshond\ufffd", "class": null, "probability": 0.25}],
    "width": 640, "height": 480, "worker": "localhost:8888",
    "times_ms": {"queue": 1.0, "transfer": 5.0, "decode": 2.0, "resize": 3.0, "forward": 4.0,
                 "total": 20.0}})"));
  answer.recognition.truncated = true;
  CHECK(json::parse(api_answer_to(answer).body).at("truncated") == true);
}

TEST_CASE_METHOD(ApiTest, "a failed recognition is a problem with its reason") {
  const auto failed = [&](FailureReason reason) { return api_answer_to(Failure{reason, {}}); };
  problem(failed(FailureReason::no_active_worker), "no_active_worker", 503);
  problem(failed(FailureReason::unknown_model), "unknown_model", 404);
  CHECK(find_field(failed(FailureReason::all_busy).fields, "Retry-After") == "2");
}

TEST_CASE_METHOD(ApiTest, "below /api/, every error is a problem") {
  problem(ask("GET", "/api/v1/nothing"), "not_found", 404);
  const Response method = ask("GET", "/api/v1/classify");
  problem(method, "method_not_allowed", 405);
  CHECK(find_field(method.fields, "Allow") == "POST, OPTIONS");
  problem(ask("GET", "/api/v1/workers", "", {{"Host", "evil.example"}}), "host_not_allowed", 421);
  for (const std::string method_name : {"POST", "DELETE"}) {
    problem(ask(method_name, "/api/v1/workers/localhost:1", "", {{"Sec-Fetch-Site", "cross-site"}}),
            "cross_site", 403);
    problem(ask(method_name, "/api/v1/workers/localhost:1", "", {{"User-Agent", "Mozilla/5.0"}}),
            "cross_site", 403);
  }
  CHECK(addresses().empty());
}

TEST_CASE_METHOD(ApiTest, "workers are listed, added and deleted") {
  CHECK(json::parse(ask("GET", "/api/v1/workers").body) == json{{"workers", json::array()}});
  const Response added = ask("POST", "/api/v1/workers", R"({"address": "localhost:8888"})");
  CHECK(added.status == 200);
  CHECK(json::parse(added.body).at("address") == "localhost:8888");
  CHECK(ask("POST", "/api/v1/workers/[::1]:7777").status == 200);
  CHECK(addresses() == std::vector<std::string>{"localhost:8888", "[::1]:7777"});
  CHECK(json::parse(ask("GET", "/api/v1/workers").body).at("workers").size() == 2);
  CHECK(json::parse(ask("GET", "/api/v1/workers/%5B::1%5D:7777").body).at("address") ==
        "[::1]:7777");

  CHECK(json::parse(ask("DELETE", "/api/v1/workers/LOCALHOST:8888").body) ==
        json{{"address", "localhost:8888"}, {"deleted", true}});
  CHECK(addresses() == std::vector<std::string>{"[::1]:7777"});
  problem(ask("DELETE", "/api/v1/workers/localhost:8888"), "unknown_worker", 404);
  problem(ask("GET", "/api/v1/workers/localhost:8888"), "unknown_worker", 404);
  problem(ask("POST", "/api/v1/workers/localhost"), "bad_address", 400);
  problem(ask("POST", "/api/v1/workers", R"({"address": "localhost"})"), "bad_address", 400);
  problem(ask("POST", "/api/v1/workers/203.0.113.7:%31%"), "bad_address", 400);
  for (const std::string body : {"", "localhost:1", "[]", "{}", R"({"address": 1})"}) {
    problem(ask("POST", "/api/v1/workers", body), "bad_parameter", 400);
  }
}

TEST_CASE_METHOD(ApiTest, "a worker's counts are shown once it has answered") {
  workers.add({"localhost", 8888});
  const auto id = workers.snapshot().front().worker.id;
  const auto shown = [&] { return json::parse(ask("GET", "/api/v1/workers/localhost:8888").body); };
  workers.begin_attempt(id);
  CHECK(shown() == json{{"address", "localhost:8888"},
                        {"source", "address"},
                        {"network", nullptr},
                        {"model", nullptr},
                        {"state", "unknown"}});
  workers.set_model(id, {"SqueezeNet 1.1", true});
  json known = shown();
  CHECK(known.at("since").get<std::string>().ends_with("Z"));
  known.erase("since");
  CHECK(known ==
        json::parse(R"({"address": "localhost:8888", "source": "address", "state": "in_rotation",
      "network": {"name": "SqueezeNet 1.1", "trained": true},
      "model": {"name": "SqueezeNet 1.1", "trained": true}, "probing": false,
      "in_flight": 1, "done": 0, "failed": 0, "latency_ms": 0.0})"));
  workers.eject(id, context.now);
  workers.record_why(id, "it hung");
  CHECK(shown().at("state") == "removed");
  CHECK(shown().at("why") == "it hung");
  workers.add({"localhost", 8888});
  workers.greeted(workers.snapshot()[0].worker.id, true, {});
  CHECK(shown().at("state") == "draining");
  CHECK(ask("GET", "/readyz").status == 200);
}

TEST_CASE_METHOD(ApiTest, "the list says who has each worker, and how the lookups go") {
  workers.add({"10.0.0.1", 1});
  workers.discover({"10.0.0.2", 1}, "w:1");
  workers.discover({"10.0.0.3", 1}, "w:1");
  workers.add({"10.0.0.3", 1});
  services.discovery = [] {
    return std::vector<dispatcher::DiscoveryStatus>{
        {.name = "w:1", .lookups = 3, .workers = 2, .answered_ms = 1769860800000},
        {.name = "v:1", .lookups = 1, .failures = 1, .problem = "no answer"}};
  };
  const json list = json::parse(ask("GET", "/api/v1/workers").body);
  const auto source = [&](std::size_t index) { return list.at("workers").at(index).at("source"); };
  CHECK(source(0) == "address");
  CHECK_FALSE(list.at("workers").at(0).contains("discovered_by"));
  CHECK(source(1) == "dns");
  CHECK(list.at("workers").at(1).at("discovered_by") == "w:1");
  CHECK(source(2) == "both");
  CHECK(list.at("discovery") == json::parse(R"([
      {"name": "w:1", "workers": 2, "answered": "2026-01-31T12:00:00.000Z"},
      {"name": "v:1", "workers": 0, "answered": null, "problem": "no answer"}])"));
}

TEST_CASE_METHOD(ApiTest, "a worker that is added is probed at once, and a duplicate is reported") {
  const auto due = [&] { return workers.begin_probes(context.now, 10).size(); };
  const std::string body = R"({"address": "localhost:8888"})";
  CHECK(json::parse(ask("POST", "/api/v1/workers", body).body).at("added") == true);
  CHECK(due() == 1);
  CHECK(json::parse(ask("POST", "/api/v1/workers", body).body).at("added") == false);
  CHECK(json::parse(ask("POST", "/api/v1/workers/localhost:8888").body).at("added") == false);
  CHECK(json::parse(ask("POST", "/api/v1/workers/localhost:7777").body).at("added") == true);
  CHECK(due() == 1);
  CHECK(addresses().size() == 2);
}

TEST_CASE_METHOD(ApiTest, "a worker is probed on request, also while it is offline") {
  workers.add({"localhost", 8888});
  workers.eject(workers.snapshot().front().worker.id, context.now);
  CHECK(workers.begin_probes(context.now, 10).empty());
  CHECK(json::parse(ask("POST", "/api/v1/workers/localhost:8888/probe").body).at("address") ==
        "localhost:8888");
  CHECK(workers.begin_probes(context.now, 10).size() == 1);
  problem(ask("POST", "/api/v1/workers/localhost:1/probe"), "unknown_worker", 404);
  problem(ask("POST", "/api/v1/workers/localhost/probe"), "bad_address", 400);
}

TEST_CASE_METHOD(GuardedApiTest, "with a token, the API shows workers only to its holders") {
  for (const std::string target : {"/api/v1/workers", "/api/v1/workers/hidden-worker:8888"}) {
    const Response refused = ask("GET", target);
    problem(refused, "token_needed", 401);
    CHECK(find_field(refused.fields, "WWW-Authenticate") == "Bearer");
    problem(ask("POST", target), "token_needed", 401);
  }
  problem(ask("DELETE", "/api/v1/workers/hidden-worker:8888"), "token_needed", 401);
  problem(ask("POST", "/api/v1/workers/hidden-worker:8888/probe"), "token_needed", 401);
  dispatcher::Answer answer;
  answer.worker = {"hidden-worker", 8888};
  CHECK(!json::parse(api_answer_to(answer).body).contains("worker"));

  context.admin = Verdict::admitted;
  CHECK(json::parse(ask("GET", "/api/v1/workers").body).at("workers").size() == 1);
  CHECK(json::parse(api_answer_to(answer).body).at("worker") == "hidden-worker:8888");
}

}  // namespace
}  // namespace samoyed::web
