#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "web/access/admin_gate.hpp"
#include "web/access/admission.hpp"
#include "web/http/http_message.hpp"
#include "web/routes/client_presence.hpp"
#include "web/routes/route_table.hpp"

namespace samoyed::web {

/// One request: where it leads, who sent it, and when.
struct RequestContext {
  /// The whole request for a handler; guards may see it before its body has come.
  Request request = {};
  ResolvedRoute route = {};
  /// By which the request is found in the log.
  std::string request_id = {};
  /// The key by which the client is counted (io::limit_key).
  std::string client = {};
  /// The client's address alone.
  std::string address = {};
  /// Whose results the request adds to and sees.
  std::string visitor = {};
  /// The visitor's id is new: the client is to keep it.
  bool new_visitor = false;
  /// True if the client came over TLS, to a proxy in front.
  bool https = false;
  /// The server is stopping.
  bool stopping = false;
  AdminGate::Verdict admin = AdminGate::Verdict::admitted;
  std::chrono::steady_clock::time_point now{};
  /// Milliseconds since 1970 in UTC.
  std::int64_t time_ms = 0;
  /// The upload's share of the memory for all uploads; null: nothing bounds it.
  Admission::Ticket* ticket = nullptr;
  /// Null for a request that nobody can leave, as in tests.
  ClientPresence* presence = nullptr;
};

/// True if the request leads to an endpoint that takes images, as far as its head tells.
inline bool is_upload(const RequestContext& context) {
  return context.route.route && brings_body(*context.route.route);
}

/// Makes the request hold `bytes` in all, from now on. False, and nothing changes, if there is no
/// room for them.
inline bool hold(const RequestContext& context, std::uint64_t bytes) {
  return !context.ticket || context.ticket->hold(bytes);
}

/// True if the client has left, so that nobody reads the answer.
inline bool client_left(const RequestContext& context) {
  return context.presence && context.presence->client_left();
}

}  // namespace samoyed::web
