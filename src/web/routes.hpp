#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "web/http_message.hpp"

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

/// What is answered to which request: all rules of the site, without I/O.
///
///     GET /, HEAD /         the form
///     POST /                the picture in the field `file`
///     GET /add/HOST:PORT    adds a worker (POST does too)
///     GET /del/HOST:PORT    deletes one (POST does too)
///     GET /add?address=...  303 to the above; /del likewise
///     GET /assets/NAME      style, script, icon
///
/// Thread rule: as WorkerList's; its own members never change.
class Routes {
 public:
  /// `workers` must outlive it.
  Routes(dispatcher::WorkerList& workers, std::uint64_t image_bytes_max)
      : workers_(workers), image_bytes_max_(image_bytes_max) {}

  /// Whether a request's body is worth reading; an answer if it isn't.
  std::optional<Response> consider(const Request& head) const;

  /// The answer to a whole request, or the picture to recognise first.
  std::variant<Response, Upload> route(const Request& request) const;

  /// The answer to an upload.
  Response answer(const UploadView& upload, const dispatcher::Outcome& outcome) const;

  /// The page for a request that was refused before it reached a route.
  Response refusal(const Problem& problem) const;

 private:
  Response show_form() const;
  Response change_workers(std::string_view path, std::string_view query, bool add) const;
  Response show_asset(std::string_view name, const Request& request) const;
  std::variant<Response, Upload> take_upload(const Request& request) const;
  Response too_large() const;

  dispatcher::WorkerList& workers_;
  const std::uint64_t image_bytes_max_;
};

/// What every page is served with.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob: data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

}  // namespace samoyed::web
