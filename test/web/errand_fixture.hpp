#pragma once

#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "web/routes_fixture.hpp"

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

}  // namespace samoyed::test
