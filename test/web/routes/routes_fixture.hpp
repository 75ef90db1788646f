#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "web/http/http_driver.hpp"
#include "web/routes/routes.hpp"

namespace samoyed::test {

constexpr std::uint64_t image_bytes_max = std::uint64_t{1} << 20;

/// A site without an admin token, known as `localhost`, and a visit to it.
struct RoutesTest {
  explicit RoutesTest(std::string token = {})
      : gate(std::move(token), [this] { return "id" + std::to_string(++ids); }) {}

  web::Response get(const std::string& target) { return respond({"GET", target, 11, {}, {}}); }

  web::Response respond(web::Request request) {
    request.fields = with_host(std::move(request.fields));
    auto routed = routes.route(request, visit);
    REQUIRE(std::holds_alternative<web::Response>(routed));
    return std::get<web::Response>(std::move(routed));
  }

  /// What a client is told of its one picture.
  web::Response answer_to(web::Upload from, const dispatcher::Outcome& outcome) const {
    if (from.pictures.empty()) from.pictures.push_back({"", "abc"});
    const web::Preview preview;
    return routes.answer(from, {&preview, 1}, {&outcome, 1}, visit);
  }

  /// What a client is told whose request reached no route.
  web::Response refused(const web::Problem& problem) const {
    return routes.refusal({"GET", "/", 11, {}, {}}, problem, visit);
  }

  static web::Fields with_host(web::Fields fields) {
    if (web::count_fields(fields, "Host") == 0) fields.push_back({"Host", "localhost:9999"});
    return fields;
  }

  static web::Request upload(const std::string& disposition, const std::string& content) {
    return {"POST",
            "/",
            11,
            {{"Content-Type", "multipart/form-data; boundary=b"}, {"Host", "localhost:9999"}},
            "--b\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + content +
                "\r\n--b--\r\n"};
  }

  std::vector<std::string> addresses() const {
    std::vector<std::string> names;
    for (const auto& row : workers.snapshot()) names.push_back(to_string(row.worker.address));
    return names;
  }

  int ids = 0;
  dispatcher::WorkerList workers;
  web::AdminGate gate;
  web::RouteRules rules{.image_bytes_max = image_bytes_max, .hosts = {"kennel", {}}};
  web::Routes routes{workers, gate, rules};
  web::Visit visit{.request_id = "visit-1", .client = "192.0.2.1"};
};

}  // namespace samoyed::test
