#include "web/apidoc/api_samples.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

ApiCall call_of(const std::string& method, const std::string& path, const char* operation) {
  return api_call("http://localhost:9999", path, method, Json::parse(operation));
}

TEST_CASE("a call has the examples of its parameters, and of its body") {
  const ApiCall call = call_of("POST", "/models/{name}/infer", R"({
    "parameters": [{"name": "name", "in": "path", "example": "m"},
                   {"name": "top", "in": "query", "example": 2},
                   {"name": "model", "in": "query"},
                   {"name": "all", "in": "query", "example": true}],
    "requestBody": {"content": {"application/json": {"example": {"a": [1]}}}},
    "responses": {"200": {"content": {"application/json": {}}}}})");
  CHECK(call.url == "http://localhost:9999/models/m/infer?top=2&all=true");
  CHECK(call.body == R"({"a":[1]})");
  CHECK(call.answer == ApiCall::Answer::json);
  CHECK(curl_sample(call) ==
        "curl -H 'Content-Type: application/json' -d '{\"a\":[1]}' "
        "'http://localhost:9999/models/m/infer?top=2&all=true'\n");
  CHECK(python_sample(call) ==
        R"(import json
import urllib.request

request = urllib.request.Request("http://localhost:9999/models/m/infer?top=2&all=true",
                                 method="POST",
                                 data=b'{"a":[1]}',
                                 headers={"Content-Type": "application/json"})
with urllib.request.urlopen(request) as response:
    print(json.dumps(json.load(response), indent=2))
)");
  CHECK(javascript_sample(call) ==
        R"(const response = await fetch('http://localhost:9999/models/m/infer?top=2&all=true', {
  method: 'POST',
  headers: {'Content-Type': 'application/json'},
  body: JSON.stringify({"a":[1]}),
});
console.log(JSON.stringify(await response.json(), null, 2));
)");
}

TEST_CASE("a sample sends a file as it is, or in a form") {
  const ApiCall raw = call_of("POST", "/classify", R"({
    "requestBody": {"content": {"image/*": {}, "multipart/form-data": {}}},
    "responses": {"202": {"content": {"application/json": {}}}}})");
  CHECK(curl_sample(raw) ==
        "curl -H 'Content-Type: image/jpeg' --data-binary @dog.jpg "
        "'http://localhost:9999/classify'\n");
  const ApiCall form = call_of("POST", "/", R"({
    "requestBody": {"content": {"multipart/form-data": {}}},
    "responses": {"200": {"content": {"text/html": {}, "application/json": {}}}}})");
  CHECK(curl_sample(form) ==
        "curl -H 'Accept: application/json' -F file=@dog.jpg 'http://localhost:9999/'\n");
  CHECK(python_sample(form).find("multipart/form-data; boundary=boundary") != std::string::npos);
  CHECK(javascript_sample(form).find("form.append('file'") != std::string::npos);
}

TEST_CASE("a sample stores a file and follows a stream") {
  const ApiCall file =
      call_of("GET", "/results.csv", R"({"responses": {"200": {"content": {"text/csv": {}}}}})");
  CHECK(curl_sample(file) == "curl -o results.csv 'http://localhost:9999/results.csv'\n");
  CHECK(javascript_sample(file).starts_with("import {writeFile}"));
  const ApiCall stream = call_of(
      "GET", "/events", R"({"responses": {"200": {"content": {"text/event-stream": {}}}}})");
  CHECK(curl_sample(stream) == "curl -N 'http://localhost:9999/events'\n");
  CHECK(python_sample(stream).find("for line in response:") != std::string::npos);
  const ApiCall removal = call_of("DELETE", "/a", R"({"responses": {"200": {}}})");
  CHECK(curl_sample(removal) == "curl -X DELETE 'http://localhost:9999/a'\n");
}

}  // namespace
}  // namespace samoyed::web
