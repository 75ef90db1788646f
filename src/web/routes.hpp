#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "web/access.hpp"
#include "web/admin_gate.hpp"
#include "web/http_message.hpp"
#include "web/pages.hpp"
#include "web/places.hpp"

namespace samoyed::web {

/// A picture that is to be recognised before the request can be answered.
struct Upload {
  std::string file_name;
  /// The file, within the request's body; never empty.
  std::string_view image;
};

/// What of an upload is needed to show its answer.
struct UploadView {
  std::string_view file_name;
  /// As ResultView has them.
  std::string_view preview_type;
  std::string_view preview_base64;
};

/// What surrounds a request: who sent it, when, and whether the server still takes others.
struct Visit {
  /// By which the client is counted: what limit_key gives.
  std::string client;
  /// Whether the client came over TLS, to a proxy in front.
  bool https = false;
  bool stopping = false;
  AdminGate::Verdict admin = AdminGate::Verdict::admitted;
  std::chrono::steady_clock::time_point now{};
};

/// What the site allows.
struct RouteRules {
  std::uint64_t image_bytes_max = 0;
  HostRules hosts;
  /// Whether an IP address may be a worker's. Names are checked by who resolves them.
  std::function<bool(std::string_view address)> worker_allowed = [](auto) { return true; };
};

/// What is answered to which request: all rules of the site, without I/O.
///
///     GET /, HEAD /         the form
///     POST /                the picture in the field `file`
///     GET /add/HOST:PORT    adds a worker (POST does too)
///     GET /del/HOST:PORT    deletes one (POST does too)
///     GET /add?address=...  303 to the above; /del likewise
///     POST /sign-in         the admin token in the field `token`; 303 to the form with a cookie
///     POST /sign-out        303 to the form
///     GET /assets/NAME      style, script, icon
///     GET /healthz          200: alive
///     GET /readyz           200 while a worker is in rotation
///
/// A request passes, in this order: the host's name, the path and the method, no other site's page
/// behind it, the admin token where it is needed, the body's size.
///
/// Thread rule: one thread, AdminGate's.
class Routes {
 public:
  /// The references must outlive it.
  Routes(dispatcher::WorkerList& workers, AdminGate& gate, RouteRules rules)
      : workers_(workers), gate_(gate), rules_(std::move(rules)) {}

  /// Whether a request's body is worth reading; an answer if it isn't.
  std::optional<Response> consider(const Request& head, const Visit& visit) const;

  /// Whether it is a picture's upload, as far as its head tells.
  bool is_upload(const Request& head) const;

  /// The answer to a whole request, or the picture to recognise first.
  std::variant<Response, Upload> route(const Request& request, const Visit& visit) const;

  /// The answer to an upload.
  Response answer(const UploadView& upload, const dispatcher::Outcome& outcome,
                  const Visit& visit) const;

  /// The page for a request that was refused before it reached a route. Shows nothing of the
  /// workers: who asked, and for which site, may not be known.
  Response refusal(const Problem& problem) const;

 private:
  std::optional<Response> find_fault(const Route& route, const Request& head,
                                     const Visit& visit) const;
  Response carry_out(const Route& route, const Request& request, const Visit& visit) const;
  Response change_workers(const Route& route, const Visit& visit) const;
  Response add_worker(const protocol::Address& address, const Visit& visit) const;
  Response remove_worker(const protocol::Address& address, const Visit& visit) const;
  Response sign_in(const Request& request, const Visit& visit) const;
  Response sign_out(const Request& request) const;
  Response ready(const Visit& visit) const;
  std::variant<Response, Upload> take_upload(const Request& request, const Visit& visit) const;
  static Response ask_back(const Problem& problem, const Route& route);
  Response problem_page(const Problem& problem, const WorkersView& view) const;
  Response problem_page(const Problem& problem, const Visit& visit) const;
  Response done_page(std::string_view heading, std::string_view sentence, const Visit& visit) const;
  WorkersView view_for(const Visit& visit) const;
  WorkersView view(WorkersView::Shown shown) const { return {workers_.rows(), shown}; }

  dispatcher::WorkerList& workers_;
  AdminGate& gate_;
  const RouteRules rules_;
};

}  // namespace samoyed::web
