#include "web/routes/inference.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using namespace std::string_literals;
using nlohmann::json;
using test::HandlerFixture;

/// A request's JSON, and its input in binary form after it.
struct Message {
  std::string json;
  std::string binary;

  std::string body() const { return json + binary; }
  std::string length() const { return std::to_string(json.size()); }
};

Message binary_message(const std::string& shape, const std::string& binary,
                       const std::string& more = {}) {
  return {R"({"inputs":[{"name":"image","shape":)" + shape +
              R"(,"datatype":"BYTES","parameters":{"binary_data_size":)" +
              std::to_string(binary.size()) + "}}]" + more + "}",
          binary};
}

std::string json_message(const std::string& shape, const std::string& data,
                         const std::string& more = {}) {
  return R"({"inputs":[{"name":"image","shape":)" + shape + R"(,"datatype":"BYTES","data":)" +
         data + "}]" + more + "}";
}

InferenceRequest understood(const std::string& body, const std::string& length = {}) {
  auto parsed = parse_inference(body, length);
  if (const auto* problem = std::get_if<Problem>(&parsed)) FAIL(problem->sentence);
  return std::get<InferenceRequest>(std::move(parsed));
}

Reason refused(const std::string& body, const std::string& length = {}) {
  const auto parsed = parse_inference(body, length);
  REQUIRE(std::holds_alternative<Problem>(parsed));
  return std::get<Problem>(parsed).reason;
}

const std::string two_elements = "\x03\0\0\0abc\x02\0\0\0de"s;

TEST_CASE("images come in binary form, each after its length") {
  for (const std::string shape : {"[2]", "[2,1]"}) {
    const Message message = binary_message(shape, two_elements);
    const std::string body = message.body();
    const auto request = understood(body, message.length());
    CHECK(request.images == std::vector<std::string_view>{"abc", "de"});
    CHECK(request.decoded.empty());
  }
}

TEST_CASE("images come as base64 in JSON") {
  for (const std::string data :
       {R"(["YWJj","ZGU="])", R"([["YWJj"],["ZGU="]])", R"([["YWJj","ZGU="]])"}) {
    const auto request = understood(json_message("[2]", data));
    CHECK(request.images == std::vector<std::string_view>{"abc", "de"});
    // The views stay valid when the request is moved.
    const auto moved = std::move(request);
    CHECK(moved.images[1] == "de");
  }
}

TEST_CASE("base64 may have line breaks, and no padding") {
  for (const std::string text : {"Z\\r\\nGU=", "ZGU", " ZGU=\\n", "Z G\\tU"}) {
    const std::string body = json_message("[1]", "[\"" + text + "\"]");
    INFO(body);
    CHECK(understood(body).images == std::vector<std::string_view>{"de"});
  }
}

TEST_CASE("an error about base64 names the element, not the shape") {
  for (const std::string text : {"ZGU==", "Z", "Z-_U", "ZG=U"}) {
    const auto parsed =
        parse_inference(json_message("[2]", R"(["YWJj",")" + text + "\"]"), std::string());
    CHECK(std::get<Problem>(parsed).sentence ==
          "String 2 in the `data` of `image` isn't base64 (RFC 4648, section 4).");
  }
}

TEST_CASE("classification asks for a number of labels") {
  const auto ask = [](const std::string& outputs, const std::string& more = {}) {
    return json_message("[1]", R"(["YWJj"])", ",\"outputs\":[" + outputs + "]" + more);
  };
  const std::string three = R"({"name":"probabilities","parameters":{"classification":3}})";
  const auto request = understood(ask(three));
  CHECK(request.top == 3);
  CHECK(request.options.classification);
  CHECK(understood(ask(three, R"(,"parameters":{"top":3})")).top == 3);
  for (const std::string& body :
       {ask(three, R"(,"parameters":{"top":4})"),
        ask(R"({"name":"labels","parameters":{"classification":3}})"),
        ask(R"({"name":"probabilities","parameters":{"classification":0}})"),
        ask(R"({"name":"probabilities","parameters":{"classification":1001}})"),
        ask(R"({"name":"probabilities","parameters":{"classification":"3"}})")}) {
    INFO(body);
    CHECK(refused(body) == Reason::bad_parameter);
  }
}

TEST_CASE("the options for an answer are parsed") {
  const auto both = understood(json_message("[1]", R"(["YWJj"])")).options;
  CHECK((both.probabilities.wanted && both.labels.wanted));
  CHECK(!(both.probabilities.binary || both.labels.binary));

  const auto binary = understood(json_message(
      "[1]", R"(["YWJj"])", R"(,"id":"42","parameters":{"binary_data_output":true,"top":3})"));
  CHECK((binary.options.probabilities.binary && binary.options.labels.binary));
  CHECK(binary.options.id == "42");
  CHECK(binary.top == 3);

  const auto one = understood(json_message(
      "[1]", R"(["YWJj"])", R"(,"outputs":[{"name":"labels","parameters":{"binary_data":true}}])"));
  CHECK((one.options.labels.wanted && one.options.labels.binary &&
         !one.options.probabilities.wanted));
}

TEST_CASE("invalid inference requests are rejected") {
  const std::string good = R"(["YWJj"])";
  for (const std::string& body :
       {""s,
        "{"s,
        "[]"s,
        "{}"s,
        R"({"inputs":[]})"s,
        R"({"inputs":{}})"s,
        R"({"inputs":[1]})"s,
        json_message("[2]", good),
        json_message("[0]", "[]"),
        json_message("[]", good),
        json_message("[1,2]", good),
        json_message("[-1]", good),
        json_message("[17]", good),
        json_message("[1]", R"(["Y"])"),
        json_message("[1]", "[1]"),
        json_message("[1]", "{}"),
        json_message("[1]", good, R"(,"id":5)"),
        json_message("[1]", good, ",\"id\":\"" + std::string(300, 'x') + "\""),
        json_message("[1]", good, R"(,"outputs":5)"),
        json_message("[1]", good, R"(,"outputs":[{"name":"other"}])"),
        json_message("[1]", good, R"(,"parameters":{"top":0})"),
        json_message("[1]", good, R"(,"parameters":{"top":1001})")}) {
    INFO(body);
    CHECK(refused(body) == Reason::bad_parameter);
  }
  std::string foreign = json_message("[1]", good);
  foreign.replace(foreign.find("BYTES"), 5, "UINT8");
  CHECK(refused(foreign) == Reason::bad_parameter);
}

TEST_CASE("binary tensors that don't match their JSON are rejected") {
  const Message good = binary_message("[2]", two_elements);
  for (const std::string& length :
       {"x"s, "-1"s, std::to_string(good.body().size() + 1), "99999999999999999999999"s,
        std::to_string(good.json.size() - 1), std::to_string(good.json.size() + 1)}) {
    INFO(length);
    CHECK(refused(good.body(), length) == Reason::bad_parameter);
  }
  for (const Message& bad :
       {binary_message("[1]", two_elements), binary_message("[3]", two_elements),
        binary_message("[1]", "\x04\0\0\0abc"s), binary_message("[1]", "\xff\xff\xff\xff"s),
        binary_message("[1]", "\x01\0\0"s), Message{good.json, two_elements + "x"},
        Message{good.json, two_elements.substr(1)}}) {
    INFO(bad.body());
    CHECK(refused(bad.body(), bad.length()) == Reason::bad_parameter);
  }
}

TEST_CASE("JSON that would take too much memory or time is rejected") {
  CHECK(refused(std::string(inference_json_bytes_max + 1, ' ')) == Reason::too_large);
  const std::string header(inference_header_bytes_max + 1, ' ');
  CHECK(refused(header, std::to_string(header.size())) == Reason::bad_parameter);
  std::string many = "[";
  for (int i = 0; i < 100000; ++i) many += "[],";
  CHECK(refused(json_message("[1]", many + "1]")) == Reason::bad_parameter);
  CHECK(refused(std::string(100000, '[')) == Reason::bad_parameter);
}

const std::vector<protocol::Recognition> two_recognitions = {
    {.top = {{"cat", 1, 0.75}, {"dog", 2, 0.25}}, .width = 0, .height = 0, .times = {}},
    {.top = {{"ox", 3, 0.5}, {"yak", 4, 0.125}, {"emu", 5, 0.0}},
     .width = 0,
     .height = 0,
     .times = {}}};

TEST_CASE("answers are as wide as the narrowest recognition") {
  InferenceOptions options{
      .id = "42", .model = "m", .probabilities = {true, false}, .labels = {true, false}};
  const InferenceBody body = inference_body(options, two_recognitions);
  CHECK(!body.json_length);
  CHECK(json::parse(body.bytes) ==
        json::parse(R"({"model_name": "m", "model_version": "1", "id": "42", "outputs": [
      {"name": "probabilities", "datatype": "FP32", "shape": [2, 2], "data": [0.75, 0.25, 0.5, 0.125]},
      {"name": "labels", "datatype": "BYTES", "shape": [2, 2], "data": ["cat", "dog", "ox", "yak"]}]})"));
}

TEST_CASE("binary outputs follow the JSON in its order") {
  InferenceOptions options{
      .id = {}, .model = "m", .probabilities = {true, true}, .labels = {true, true}};
  options.labels_first = true;
  const InferenceBody body = inference_body(options, {two_recognitions.data(), 1});
  REQUIRE(body.json_length);
  const json head = json::parse(body.bytes.substr(0, *body.json_length));
  CHECK(!head.contains("id"));
  CHECK(head.at("outputs")[0].at("name") == "labels");
  CHECK(head.at("outputs")[0].at("parameters").at("binary_data_size") == 14);
  CHECK(head.at("outputs")[1].at("parameters").at("binary_data_size") == 8);
  CHECK(body.bytes.substr(*body.json_length) ==
        "\x03\0\0\0cat\x03\0\0\0dog\0\0\x40\x3f\0\0\x80\x3e"s);
}

TEST_CASE("classifications are texts of probability, class and label") {
  InferenceOptions options{.id = {}, .model = "m", .probabilities = {true, false}, .labels = {}};
  options.classification = true;
  const json head = json::parse(inference_body(options, {two_recognitions.data(), 1}).bytes);
  CHECK(head.at("outputs") == json::parse(R"([{"name": "probabilities", "datatype": "BYTES",
    "shape": [1, 2], "data": ["0.750000:1:cat", "0.250000:2:dog"]}])"));
  options.probabilities.binary = true;
  const InferenceBody body = inference_body(options, {two_recognitions.data(), 1});
  CHECK(body.bytes.substr(*body.json_length) ==
        "\x0e\0\0\0"
        "0.750000:1:cat\x0e\0\0\0"
        "0.250000:2:dog"s);
}

struct InferenceTest : HandlerFixture {
  InferenceTest() {
    workers.add({"localhost", 8888});
    workers.set_model(workers.snapshot().front().worker.id, {"SqueezeNet 1.1", true});
  }
  json read(const std::string& target) { return json::parse(get(target).body); }
};

TEST_CASE_METHOD(InferenceTest, "the server and its models describe themselves") {
  CHECK(read("/v2").at("extensions") == json::array({"binary_tensor_data", "classification"}));
  CHECK(read("/v2/health/live") == json{{"live", true}});
  CHECK(get("/v2/health/ready").status == 200);
  const json model = read("/v2/models/SqueezeNet%201.1");
  CHECK(model.at("name") == "SqueezeNet 1.1");
  CHECK(model.at("inputs")[0] ==
        json{{"name", "image"}, {"datatype", "BYTES"}, {"shape", json::array({-1})}});
  CHECK(model.at("outputs").size() == 2);
  CHECK(read("/v2/models/SqueezeNet%201.1/ready").at("ready") == true);
  CHECK(model.at("versions") == json::array({"1"}));
  CHECK(read("/v2/models/SqueezeNet%201.1/versions/1") == model);
  CHECK(read("/v2/models/SqueezeNet%201.1/versions/1/ready").at("ready") == true);
  CHECK(get("/v2/models/SqueezeNet%201.1/versions/2").status == 404);
  CHECK(get("/v2/models/SqueezeNet%201.1/config").status == 404);
}

TEST_CASE_METHOD(InferenceTest, "failures are reported in the protocol's format") {
  const auto error = [&](const Response& response, int status, const std::string& reason) {
    CHECK(response.status == status);
    CHECK(find_field(response.fields, "Samoyed-Reason") == reason);
    CHECK(json::parse(response.body).at("error").is_string());
    CHECK(json::parse(response.body).size() == 1);
  };
  error(get("/v2/models/other"), 404, "unknown_model");
  error(get("/v2/models/other/ready"), 404, "unknown_model");
  error(get("/v2/nothing"), 404, "not_found");
  error(respond({"POST", "/v2/models/m/infer", 11, {}, "{"}), 400, "bad_parameter");
  error(respond({"POST", "/v2/models/%ff%/infer", 11, {}, json_message("[1]", R"(["YWJj"])")}), 404,
        "unknown_model");
  const std::size_t asked = classifier.requests.size();
  error(respond({"POST",
                 "/v2/models/" + std::string(257, 'm') + "/infer",
                 11,
                 {},
                 json_message("[1]", R"(["YWJj"])")}),
        404, "unknown_model");
  CHECK(classifier.requests.size() == asked);
  error(respond({"POST", "/v2/models/m/infer", 11, {{"Content-Encoding", "gzip"}}, ""}), 415,
        "wrong_type");
  error(respond({"POST", "/v2/models/m/infer", 11, {}, json_message("[1]", R"([""])")}), 400,
        "bad_parameter");
  classifier.outcomes = {dispatcher::Failure{dispatcher::FailureReason::unknown_model, {}}};
  error(respond({"POST", "/v2/models/m/infer", 11, {}, json_message("[1]", R"(["YWJj"])")}), 404,
        "unknown_model");
  context.stopping = true;
  error(get("/v2/health/ready"), 503, "stopping");
  context.stopping = false;
  workers.remove({"localhost", 8888});
  error(get("/v2/health/ready"), 503, "no_active_worker");
}

TEST_CASE_METHOD(InferenceTest,
                 "a request's images go to the model in its path and return as one answer") {
  const Message message = binary_message("[2]", two_elements, R"(,"parameters":{"top":2})");
  const Request request{"POST", "/v2/models/SqueezeNet%201.1/infer", 11,
                        with_host({{"inference-header-content-length", message.length()}}),
                        message.body()};
  CHECK(!rejection(request));
  classifier.outcomes.clear();
  for (const auto& recognition : two_recognitions) {
    dispatcher::Answer answer;
    answer.recognition = recognition;
    classifier.outcomes.emplace_back(answer);
  }
  const Response response = respond(request);
  CHECK(response.status == 200);
  REQUIRE(classifier.requests.size() == 2);
  CHECK(classifier.requests[0].model == "SqueezeNet 1.1");
  CHECK(classifier.requests[0].top == 2);
  CHECK(classifier.texts[1] == "ZGU=");
  CHECK(find_field(response.fields, inference_length_name).empty());
  CHECK(json::parse(response.body).at("outputs")[1].at("data") ==
        json::array({"cat", "dog", "ox", "yak"}));

  Request versioned = request;
  versioned.target = "/v2/models/SqueezeNet%201.1/versions/1/infer";
  versioned.fields.push_back({"Content-Encoding", "identity"});
  classifier.requests.clear();
  CHECK(respond(versioned).body == response.body);
  CHECK(classifier.requests.at(0).model == "SqueezeNet 1.1");
}

}  // namespace
}  // namespace samoyed::web
