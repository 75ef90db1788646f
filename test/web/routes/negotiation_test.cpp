// The format of an upload's answer, which the client's Accept decides.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using dispatcher::Failure;
using dispatcher::FailureReason;
using nlohmann::json;
using test::HandlerFixture;

const std::string firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const std::string second_file =
    "abc\r\n--b\r\nContent-Disposition: form-data; name=file; filename=b.jpg\r\n\r\nde";

struct NegotiationTest : HandlerFixture {
  NegotiationTest() {
    answer.recognition.top = {{"Samoyed", 258, 0.93009}, {"Pomeranian", 259, 0.0147}};
    answer.model = dispatcher::WorkerModel{"squeezenet1_1", true};
    classifier.outcomes = {answer};
  }
  Response send(const std::string& accept, const std::string& content = "abc") {
    classifier.requests.clear();
    Request request = upload("name=file; filename=dog.jpg", content);
    if (!accept.empty()) request.fields.push_back({"Accept", accept});
    return respond(request);
  }
  std::string type_of(const std::string& accept) {
    return std::string(find_field(send(accept).fields, "Content-Type"));
  }
  dispatcher::Answer answer;
};

TEST_CASE_METHOD(NegotiationTest, "a client gets the format that it accepts") {
  const std::string html = "text/html; charset=utf-8";
  const std::string text = "text/plain; charset=utf-8";
  const std::string json_type = "application/json";
  CHECK(type_of(firefox) == html);
  CHECK(type_of("") == html);
  CHECK(type_of("text/html, application/json") == html);
  CHECK(type_of("image/png") == html);
  CHECK(type_of("*/*") == text);
  CHECK(type_of("text/plain") == text);
  CHECK(type_of("application/json") == json_type);
  CHECK(type_of("application/json, text/plain, */*") == json_type);
  CHECK(type_of("*/*;q=0.1, application/json") == json_type);
  CHECK(type_of("text/html;q=0.5, application/json;q=0.9") == json_type);
}

TEST_CASE_METHOD(NegotiationTest, "text has one line for each image") {
  CHECK(send("*/*").body == "dog.jpg: Samoyed 93.009%, Pomeranian 1.470%\n");
  CHECK(history.recorded.back().source == dispatcher::HistorySource::api);
  classifier.outcomes = {answer, Failure{FailureReason::no_active_worker, {}}};
  const Response several = send("*/*", second_file);
  CHECK(several.status == 200);
  CHECK(several.body ==
        "dog.jpg: Samoyed 93.009%, Pomeranian 1.470%\nb.jpg: Error: No active worker!\n");
  classifier.outcomes = {Failure{FailureReason::no_active_worker, {}}};
  const Response none = send("*/*", second_file);
  CHECK(none.status == 503);
  CHECK(find_field(none.fields, "Samoyed-Reason") == "no_active_worker");
  answer.model->trained = false;
  answer.recognition.top = {{"a\x1b", {}, 1}};
  classifier.outcomes = {answer};
  CHECK(send("*/*").body ==
        "dog.jpg: a\uFFFD 100.000%\nNOTICE: The network is untrained: its labels mean nothing.\n");
}

TEST_CASE_METHOD(NegotiationTest,
                 "JSON is as the API's, and has the outcome of each of several images") {
  const json one = json::parse(send("application/json").body);
  CHECK(one == json::parse(api_answer_to(answer).body));
  classifier.outcomes = {answer, Failure{FailureReason::no_active_worker, {}}};
  const Response several = send("application/json", second_file);
  CHECK(several.status == 200);
  const json images = json::parse(several.body).at("images");
  CHECK(images[0].at("file_name") == "dog.jpg");
  CHECK(images[0].at("labels") == one.at("labels"));
  CHECK(images[1].at("problem").at("reason") == "no_active_worker");
  classifier.outcomes = {Failure{FailureReason::no_active_worker, {}}};
  CHECK(send("application/json", second_file).status == 503);
}

TEST_CASE_METHOD(NegotiationTest, "errors have the same format") {
  const auto refusal = [&](const std::string& accept) {
    return respond({"POST", "/", 11, {{"Content-Type", "text/plain"}, {"Accept", accept}}, "a"});
  };
  CHECK(refusal("*/*").body == "Send the picture as multipart/form-data, in the field `file`.\n");
  CHECK(refusal("*/*").status == 415);
  CHECK(json::parse(refusal("application/json").body).at("reason") == "wrong_type");
  CHECK(find_field(refusal(firefox).fields, "Content-Type") == "text/html; charset=utf-8");
}

}  // namespace
}  // namespace samoyed::web
