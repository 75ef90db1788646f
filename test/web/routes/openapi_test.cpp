#include <algorithm>
#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using nlohmann::json;
using test::count_of;
using test::HandlerFixture;

/// Returns all operations of the site as `METHOD path`, without HEAD.
std::set<std::string> operations_of_table() {
  std::set<std::string> operations;
  for (const Route& route : route_table()) {
    std::string path(route.pattern);
    if (path.ends_with("...}")) path.replace(path.size() - 4, 4, "}");
    operations.insert(std::string(route.method) + " " + path);
  }
  return operations;
}

struct OpenapiTest : HandlerFixture {
  json document = json::parse(get("/api/openapi.json").body);

  std::set<std::string> operations() const {
    std::set<std::string> names;
    for (const auto& [path, item] : document.at("paths").items()) {
      for (const auto& [method, operation] : item.items()) {
        std::string upper = method;
        std::ranges::transform(upper, upper.begin(),
                               [](unsigned char c) { return std::toupper(c); });
        names.insert(upper + " " + path);
      }
    }
    return names;
  }
};

TEST_CASE_METHOD(OpenapiTest,
                 "the API's description lists every endpoint of the site, and no others") {
  CHECK(operations() == operations_of_table());
}

TEST_CASE_METHOD(OpenapiTest, "the API's description names the parameters of every endpoint") {
  for (const Route& route : route_table()) {
    std::string path(route.pattern);
    if (path.ends_with("...}")) path.replace(path.size() - 4, 4, "}");
    std::string method(route.method);
    std::ranges::transform(method, method.begin(), [](unsigned char c) { return std::tolower(c); });
    std::set<std::string> described;
    const json operation = document.at("paths").at(path).at(method);
    for (const json& parameter : operation.value("parameters", json::array())) {
      if (parameter.at("in") == "query") described.insert(parameter.at("name"));
    }
    INFO(method << ' ' << path);
    CHECK(described == std::set<std::string>(route.parameters.begin(), route.parameters.end()));
  }
}

TEST_CASE_METHOD(OpenapiTest,
                 "the API's page shows every operation and loads nothing from other sites") {
  const Response page = get("/api");
  CHECK(page.status == 200);
  for (const std::string& operation : operations()) {
    INFO(operation);
    CHECK(count_of(page.body, "<code>" + operation + "</code></a></h3>") == 1);
  }
  CHECK(count_of(page.body, "id=\"workers\"") == 0);
  CHECK(count_of(page.body, "src=\"http") + count_of(page.body, "href=\"http") == 0);
}

TEST_CASE_METHOD(OpenapiTest, "the API's description is revalidated, as assets are") {
  const Response first = get("/api/openapi.json");
  CHECK(find_field(first.fields, "Content-Type") == "application/json");
  const std::string tag(find_field(first.fields, "ETag"));
  CHECK(respond({"GET", "/api/openapi.json", 11, {{"If-None-Match", tag}}, {}}).status == 304);
}

}  // namespace
}  // namespace samoyed::web
