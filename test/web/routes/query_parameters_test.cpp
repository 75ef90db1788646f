// Parameters in the query of an address.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using nlohmann::json;
using test::HandlerFixture;

struct ParametersTest : HandlerFixture {
  /// Returns what a rejection says about a query. Checks that the history was not used.
  std::string complaint(const std::string& method, const std::string& target) {
    INFO(target);
    CHECK(refused(method, target) == "bad_parameter");
    const json body = json::parse(respond({method, target, 11, {}, {}}).body);
    return body.contains("detail") ? body.at("detail") : body.at("error");
  }
};

TEST_CASE_METHOD(ParametersTest,
                 "an unknown parameter of the API is rejected, with those it knows") {
  CHECK(complaint("GET", "/api/v1/results?row=5") ==
        "Unknown parameter `row`. Known are `after`, `all`, `before`, `model`, `rows`.");
  CHECK(complaint("GET", "/api/v1/statistics?range=day&x") ==
        "Unknown parameter `x`. Known are `all`, `model`, `range`.");
  CHECK(complaint("GET", "/api/v1/workers?a=1") ==
        "Unknown parameter `a`. This address takes no parameters.");
  CHECK(complaint("DELETE", "/api/v1/results?all=false") ==
        "Unknown parameter `all`. This address takes no parameters.");
  CHECK(complaint("GET", "/v2?a").starts_with("Unknown parameter `a`."));
  const std::string evil = complaint("GET", "/api/v1/results?" + std::string(1000, '\x1b') + "=1");
  CHECK(evil.find('\x1b') == std::string::npos);
  CHECK(evil.size() < 500);
}

TEST_CASE_METHOD(ParametersTest, "an unknown parameter is rejected before an image is read") {
  const auto status = [&](const std::string& target) {
    const auto rejected = rejection({"POST", target, 11, {{"Content-Type", "image/png"}}, {}});
    return rejected ? rejected->status : 0;
  };
  CHECK(status("/api/v1/classify?top=3&models=m") == 400);
  CHECK(status("/api/v1/jobs?tops=3") == 400);
  CHECK(status("/api/v1/classify?top=3&model=m&&") == 0);
}

TEST_CASE_METHOD(ParametersTest, "a badly encoded value is rejected, not ignored") {
  CHECK(complaint("GET", "/api/v1/results?rows=%zz") ==
        "The value of `rows` is badly encoded. Write % as %25.");
}

TEST_CASE_METHOD(ParametersTest, "pages and probes ignore parameters that links have added") {
  for (const std::string target : {"/?utm_source=mail", "/results?fbclid=1", "/healthz?now=1"}) {
    INFO(target);
    CHECK(get(target).status == 200);
  }
}

}  // namespace
}  // namespace samoyed::web
