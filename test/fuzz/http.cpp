// The whole path of an HTTP request, from a client's bytes in arbitrary pieces to the bytes of the
// response: HttpSession, the guards, the handlers, the forms and the templates. Only the sockets
// and the workers are left out.

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "fuzz/check.hpp"
#include "fuzz/script.hpp"
#include "web/access/access.hpp"
#include "web/http/client_address.hpp"
#include "web/http/http_session.hpp"
#include "web/http/reasons.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/guards.hpp"

namespace samoyed::fuzz {
namespace {

using namespace web;
using namespace std::chrono_literals;

constexpr std::uint64_t image_bytes_max = 1024;
constexpr HttpSession::Limits limits{2048, 4096, 512};
constexpr std::string_view admin_token = "sesame";

/// A request of maximum size, plus what one read of the longest input may add.
constexpr std::uint64_t held_bytes_max = limits.header_bytes_max + limits.body_bytes_max + 8192;

/// Appears wherever text from outside may appear. It must never appear as markup in a response.
constexpr std::string_view marker = "<fuzz";

/// Returns true for a success without a reason, and for a reason with the status that REASONS.md
/// documents for it.
bool is_documented(int status, std::string_view reason) {
  if (reason.empty()) return status == 200 || status == 204 || status == 303 || status == 304;
  return std::ranges::any_of(
      reasons(), [&](const ReasonRow& row) { return row.code == reason && row.status == status; });
}

/// Returns one of the possible outcomes of an upload, chosen by the first base64 character of the
/// image.
dispatcher::Outcome outcome_for(std::string_view base64) {
  using dispatcher::FailureReason;
  constexpr std::array failures{FailureReason::no_active_worker, FailureReason::unknown_model,
                                FailureReason::no_resources,     FailureReason::all_busy,
                                FailureReason::workers_closed,   FailureReason::deadline};
  constexpr std::array refusals{protocol::RefusalReason::too_large,
                                protocol::RefusalReason::unreadable,
                                protocol::RefusalReason::too_many_pixels,
                                protocol::RefusalReason::internal, protocol::RefusalReason::other};
  const auto choice = static_cast<unsigned char>(base64.front());
  if (choice % 3 == 1) return dispatcher::Failure{failures[choice % failures.size()], {}};
  if (choice % 3 == 2) {
    return dispatcher::Failure{
        FailureReason::refused,
        protocol::Refusal{refusals[choice % refusals.size()], "Not <fuzz>."}};
  }
  dispatcher::Answer answer;
  answer.recognition.top = {{"a <fuzz>", 0, 0.75}, {"b", std::nullopt, 0.25}};
  answer.worker = {"worker", 8888};
  if (choice % 2 == 0) answer.model = dispatcher::WorkerModel{"<fuzz>", choice % 4 == 0};
  return answer;
}

/// Checks that the bytes are exactly one complete HTTP response, and returns its status.
int check_response(std::string_view bytes, bool to_head) {
  constexpr std::string_view version = "HTTP/1.1 ";
  check(bytes.starts_with(version), "a response begins with the HTTP version");
  const int status = std::stoi(std::string(bytes.substr(version.size(), 3)));
  const std::size_t head_end = bytes.find("\r\n\r\n");
  check(head_end != bytes.npos, "a response has a header");
  if (status == 100) {
    check(head_end + 4 == bytes.size(), "100 has no body");
    return status;
  }
  std::string_view head = bytes.substr(0, head_end + 2);
  const std::string_view body = bytes.substr(head_end + 4);
  head.remove_prefix(head.find("\r\n") + 2);
  std::string length;
  std::string reason;
  bool dated = false;
  bool is_page = false;
  bool is_json = false;
  for (; !head.empty(); head.remove_prefix(head.find("\r\n") + 2)) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(": ");
    check(colon != line.npos && line.find_first_of("\r\n") == line.npos,
          "a header field is one line");
    if (line.starts_with("Content-Length: ")) length = line.substr(colon + 2);
    if (line.starts_with("Samoyed-Reason: ")) reason = line.substr(colon + 2);
    is_page = is_page || line.starts_with("Content-Type: text/html");
    is_json = is_json || line == "Content-Type: application/json" ||
              line == "Content-Type: application/problem+json";
    dated = dated || line.starts_with("Date: ");
    check(line.find(marker) == line.npos, "no header field contains unescaped text of a client");
  }
  check(dated, "a response has a date");
  check(is_documented(status, reason), "an error has a documented reason and its status");
  if (to_head || status == 204 || status == 304) {
    check(body.empty(), "a response that must not have a body has none");
  } else {
    check(length == std::to_string(body.size()), "Content-Length is the body's length");
  }
  check(!is_page || body.find(marker) == body.npos, "a page escapes text from outside");
  check(!is_json || body.empty() || nlohmann::json::accept(body), "a JSON response is valid JSON");
  return status;
}

/// Chooses the outcome by the image's bytes.
class FuzzClassifier final : public dispatcher::Classifier {
 public:
  asio::awaitable<dispatcher::Outcome> classify(dispatcher::ClassifyRequest request) override {
    check(request.image->file_bytes() > 0 && request.image->file_bytes() <= image_bytes_max,
          "an image is not empty and within its limit");
    co_return outcome_for(request.image->message().substr(2));
  }
};

/// Does what HttpConnection does, without a socket.
class Connection {
 public:
  explicit Connection(bool with_token)
      : gate_(with_token ? std::string(admin_token) : std::string(),
              [this] { return "id" + std::to_string(++ids_); }) {}

  /// Runs until the session wants to read. Returns false once the session has closed.
  bool run() {
    int answers = 0;
    while (true) {
      auto action = session_.next(now);
      if (const auto* to_read = std::get_if<HttpSession::Read>(&action)) {
        check(to_read->until > now.steady, "a read has a deadline in the future");
        until = to_read->until;
        return true;
      }
      if (const auto* to_write = std::get_if<HttpSession::Write>(&action)) {
        check_response(to_write->header + to_write->body, head_);
        check(++answers <= answers_max, "every response has a request");
      } else if (const auto* to_consider = std::get_if<HttpSession::Consider>(&action)) {
        consider(*to_consider->head);
      } else if (const auto* to_serve = std::get_if<HttpSession::Serve>(&action)) {
        serve(to_serve->request);
      } else if (const auto* to_refuse = std::get_if<HttpSession::Refuse>(&action)) {
        head_ = session_.head().method == "HEAD";
        session_.respond(
            anonymous_error_response(services_, context_of(session_.head()), to_refuse->problem));
        requests.emplace_back("refused");
      } else {
        check(std::holds_alternative<HttpSession::Close>(session_.next(now)),
              "a closed session stays closed");
        return false;
      }
    }
  }

  void received(std::string_view bytes) {
    answers_max += static_cast<int>(bytes.size());
    session_.received(bytes);
  }
  std::uint64_t held_bytes() const { return session_.held_bytes(); }
  void ended() { session_.ended(); }
  void stop() { session_.stop(); }

  HttpSession::Now now{};
  HttpSession::Clock::time_point until;
  int answers_max = 1;
  /// How each request was parsed. A difference between two parsers would allow request smuggling.
  std::vector<std::string> requests;

 private:
  void consider(const Request& head) {
    head_ = head.method == "HEAD";
    if (auto response = check_request(services_, context_of(head))) {
      requests.push_back("declined " + head.method + " " + head.target);
      session_.respond(std::move(*response));
    } else {
      session_.proceed();
    }
  }

  void serve(const Request& request) {
    head_ = request.method == "HEAD";
    check(request.body.size() <= limits.body_bytes_max, "a body is within its limit");
    requests.push_back(request.method + " " + request.target + "\n" + request.body);
    RequestContext context = context_of(request);
    if (auto rejection = check_request(services_, context)) {
      session_.respond(std::move(*rejection));
      return;
    }
    Response response = handle(context);
    // The content of a stream is outside the scope of this target.
    if (response.feed) response = error_response(services_, context, too_many_streams());
    session_.respond(std::move(response));
  }

  /// Nothing here waits, so the handler finishes in one run.
  Response handle(RequestContext& context) {
    asio::io_context io(1);
    std::optional<Response> response;
    asio::co_spawn(io, context.route.route->handler(services_, context),
                   [&](std::exception_ptr failure, Response answer) {
                     if (failure) std::rethrow_exception(failure);
                     response = std::move(answer);
                   });
    io.run();
    return std::move(*response);
  }

  RequestContext context_of(const Request& request) {
    const Client client = find_client(
        "10.0.0.1", request.fields, [](std::string_view address) { return address == "10.0.0.1"; });
    RequestContext context{.request = request,
                           .route = resolve_route(request),
                           .request_id = "fuzz",
                           .client = client.address,
                           .https = client.https,
                           .now = now.steady};
    context.admin =
        gate_.check(request.fields, context.client, now.steady, context.time_ms).verdict;
    return context;
  }

  dispatcher::WorkerList workers_;
  int ids_ = 0;
  AdminGate gate_;
  FuzzClassifier classifier_;
  Metrics metrics_;
  Services services_{.classifier = classifier_,
                     .workers = workers_,
                     .gate = gate_,
                     .metrics = metrics_,
                     .rules = {.image_bytes_max = image_bytes_max, .hosts = {"kennel", {}}}};
  HttpSession session_{limits, ServerTimeouts{}};
  bool head_ = false;
};

}  // namespace
}  // namespace samoyed::fuzz

/// The first byte decides whether the server has an admin token.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  if (size == 0) return 0;
  const bool with_token = data[0] % 2 == 1;
  Script script(as_text(data + 1, size - 1));
  Connection connection(with_token);
  bool open = connection.run();
  while (open) {
    switch (script.next()) {
      case Script::Event::piece:
        connection.received(script.piece());
        break;
      case Script::Event::timed_out:
        connection.now.steady = connection.until;
        break;
      case Script::Event::ended:
        connection.ended();
        break;
      case Script::Event::broken:
        connection.stop();
        break;
    }
    open = connection.run();
    check(connection.held_bytes() <= held_bytes_max, "buffered bytes are limited");
  }
  if (!script.only_pieces()) return 0;
  Connection at_once(with_token);
  if (at_once.run()) at_once.received(script.stream());
  if (at_once.run()) at_once.ended();
  check(!at_once.run(), "the session ends at the end of the stream");
  check(at_once.requests == connection.requests, "every split gives the same requests");
  return 0;
}
