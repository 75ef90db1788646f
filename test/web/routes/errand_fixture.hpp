#pragma once

#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "web/routes/routes_fixture.hpp"

namespace samoyed::test {

/// A visit by somebody, and what his requests ask of the history and the jobs.
struct ErrandTest : RoutesTest {
  explicit ErrandTest(const std::string& token = {}) : RoutesTest(token) {
    visit.visitor = "somebody";
  }

  /// What a request asks for; its answer's reason where it is refused.
  std::variant<web::Errand, std::string> ask(const std::string& method, const std::string& target) {
    auto routed = routes.route({method, target, 11, with_host({}), {}}, visit);
    if (auto* response = std::get_if<web::Response>(&routed)) {
      return std::string(web::find_field(response->fields, "Samoyed-Reason"));
    }
    return std::get<web::Errand>(std::move(routed));
  }

  template <typename Kind>
  Kind planned(const std::string& method, const std::string& target) {
    const auto asked = ask(method, target);
    REQUIRE(std::holds_alternative<web::Errand>(asked));
    REQUIRE(std::holds_alternative<Kind>(std::get<web::Errand>(asked)));
    return std::get<Kind>(std::get<web::Errand>(asked));
  }

  std::string refused(const std::string& method, const std::string& target) {
    const auto asked = ask(method, target);
    REQUIRE(std::holds_alternative<std::string>(asked));
    return std::get<std::string>(asked);
  }
};

/// The same before a server with a token, which nobody brought.
struct GuardedErrandTest : ErrandTest {
  GuardedErrandTest() : ErrandTest("secret") { visit.admin = web::AdminGate::Verdict::missing; }
};

/// A row with what must not be taken for a formula, and a worker that not everyone may see.
inline dispatcher::HistoryRow some_row() {
  dispatcher::HistoryRow row;
  row.id = 7;
  row.file_name = "=dog.jpg";
  row.worker = "hidden-worker:8888";
  row.top = {{"Samoyed", 258, 0.75}};
  return row;
}

}  // namespace samoyed::test
