#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "samoyed/dispatcher/history.hpp"
#include "web/access/admin_gate.hpp"
#include "web/access/admission.hpp"
#include "web/forms/stored_form.hpp"
#include "web/http/http_message.hpp"
#include "web/routes/client_presence.hpp"
#include "web/routes/route_table.hpp"

namespace samoyed::web {

/// One request, with its route, its client and its time.
struct RequestContext {
  /// The request. Complete when a handler runs; guards may see it before its body has arrived.
  Request request = {};
  ResolvedRoute route = {};
  /// Identifies the request in the log.
  std::string request_id = {};
  /// The key for the client's limits (io::limit_key).
  std::string client = {};
  /// The client's address, without a port.
  std::string address = {};
  /// The owner of the results that the request adds and sees.
  std::string visitor = {};
  /// The value of the visitor's cookie that the response should set. Empty if it should set none.
  std::string new_visitor_cookie = {};
  /// The visitor has got a new id, which the browser must learn.
  bool adopted = false;
  /// True if the client connected over TLS to a proxy in front of the server.
  bool https = false;
  /// Set if the visitor must get a new id instead: what is adopted from `visitor` then.
  std::optional<dispatcher::Adopted> adoption = {};
  /// The host that the client asked a trusted proxy for, if the proxy reports it.
  std::optional<std::string> forwarded_host = {};
  /// The path below which the client sees the site, such as `/samoyed` (see base_path.hpp). Empty
  /// if it is the root.
  std::string base_path = {};
  /// The request's body, if it is a form that is too large for memory. `request.body` is empty
  /// then.
  std::shared_ptr<StoredForm> stored_form = {};
  /// True if the server is stopping.
  bool stopping = false;
  AdminGate::Verdict admin = AdminGate::Verdict::admitted;
  /// The value of the session cookie that the response should set. Empty if it should set none.
  std::string renewed_session = {};
  std::chrono::steady_clock::time_point now{};
  /// Milliseconds since 1970 in UTC.
  std::int64_t time_ms = 0;
  /// The upload's share of the memory for all uploads. Null if it is unlimited.
  Admission::Ticket* ticket = nullptr;
  /// Null if a disconnect can't be detected, as in tests.
  ClientPresence* presence = nullptr;
};

/// Returns true if the request's route takes images.
inline bool is_upload(const RequestContext& context) {
  return context.route.route && brings_body(*context.route.route);
}

/// Sets the total number of bytes that the request holds. Returns false, and changes nothing, if
/// they would exceed the limit.
inline bool hold(const RequestContext& context, std::uint64_t bytes) {
  return !context.ticket || context.ticket->hold(bytes, context.now);
}

/// Returns true if the client has disconnected, so that nobody reads the answer.
inline bool client_left(const RequestContext& context) {
  return context.presence && context.presence->client_left();
}

}  // namespace samoyed::web
