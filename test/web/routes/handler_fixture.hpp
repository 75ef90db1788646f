#pragma once

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "support/wait.hpp"
#include "web/http/feed.hpp"
#include "web/http/http_driver.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/fakes.hpp"
#include "web/routes/guards.hpp"
#include "web/routes/request_context.hpp"

namespace samoyed::test {

constexpr std::uint64_t image_bytes_max = std::uint64_t{1} << 20;

/// Runs a coroutine that needs no I/O, and returns its result.
template <typename Result>
Result run_now(asio::awaitable<Result> coroutine) {
  asio::io_context io(1);
  std::optional<Result> result;
  std::exception_ptr failure;
  asio::co_spawn(io, std::move(coroutine), [&](std::exception_ptr thrown, Result value) {
    failure = thrown;
    result = std::move(value);
  });
  const Wait wait("a handler's response");
  io.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

/// Returns all pieces of a stream that ends.
inline std::string read_all(web::Feed& feed) {
  std::string text;
  while (auto piece = run_now(feed.next(web::Feed::Clock::now()))) text += *piece;
  return text;
}

/// A site named `localhost` and `kennel`. Requests pass through its guards to its handlers, without
/// a socket.
struct HandlerFixture {
  explicit HandlerFixture(std::string token = {})
      : gate(std::move(token), [this] { return "id" + std::to_string(++ids); }) {}

  web::RequestContext context_of(web::Request request) const {
    web::RequestContext current = context;
    request.fields = with_host(std::move(request.fields));
    current.route = web::resolve_route(request);
    current.request = std::move(request);
    return current;
  }

  /// Returns the guards' rejection of a request, if there is one.
  std::optional<web::Response> rejection(web::Request request) const {
    return web::check_request(services, context_of(std::move(request)));
  }

  web::Response respond(web::Request request) {
    web::RequestContext current = context_of(std::move(request));
    if (auto rejected = web::check_request(services, current)) return std::move(*rejected);
    return run_now(current.route.route->handler(services, current));
  }

  web::Response get(const std::string& target) { return respond({"GET", target, 11, {}, {}}); }

  /// Returns the reason for a request's rejection. Checks that the history was not used.
  std::string refused(const std::string& method, const std::string& target) {
    const std::size_t calls = history.calls();
    const web::Response response = respond({method, target, 11, {}, {}});
    CHECK(history.calls() == calls);
    return std::string(web::find_field(response.fields, "Samoyed-Reason"));
  }

  /// Returns the page for an upload of one image with that outcome.
  web::Response answer_to(const dispatcher::Outcome& outcome,
                          const std::string& file_name = "a.jpg") {
    classifier.outcomes = {outcome};
    classifier.requests.clear();
    return respond(upload("name=file; filename=\"" + file_name + "\"", "abc"));
  }

  /// Returns the API's answer to an image with that outcome.
  web::Response api_answer_to(const dispatcher::Outcome& outcome) {
    classifier.outcomes = {outcome};
    classifier.requests.clear();
    return respond({"POST", "/api/v1/classify", 11, {{"Content-Type", "image/jpeg"}}, "abc"});
  }

  /// Returns the error for a request that reached no handler.
  web::Response anonymous_error(const web::Problem& problem) const {
    return web::anonymous_error_response(services, context_of({"GET", "/", 11, {}, {}}), problem);
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
  web::Metrics metrics;
  FakeClassifier classifier;
  FakeHistory history;
  FakeJobs jobs;
  web::Services services{.classifier = classifier,
                         .workers = workers,
                         .history = &history,
                         .jobs = &jobs,
                         .gate = gate,
                         .metrics = metrics,
                         .rules = {.image_bytes_max = image_bytes_max, .hosts = {"kennel", {}}}};
  /// The client and the time of its requests.
  web::RequestContext context{
      .request_id = "visit-1", .client = "192.0.2.1", .visitor = "somebody"};
};

/// Returns a row whose file name looks like a formula, with a worker that not everyone may see.
inline dispatcher::HistoryRow some_row() {
  dispatcher::HistoryRow row;
  row.id = 7;
  row.file_name = "=dog.jpg";
  row.worker = "hidden-worker:8888";
  row.top = {{"Samoyed", 258, 0.75}};
  return row;
}

/// The same site with an admin token that the client doesn't have.
struct GuardedHandlerFixture : HandlerFixture {
  GuardedHandlerFixture() : HandlerFixture("secret") {
    context.admin = web::AdminGate::Verdict::missing;
  }
};

}  // namespace samoyed::test
