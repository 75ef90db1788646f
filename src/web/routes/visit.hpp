#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "web/access/access.hpp"
#include "web/access/admin_gate.hpp"

namespace samoyed::web {

/// What surrounds a request: who sent it, when, and whether the server still takes others.
struct Visit {
  /// By which the request is found in the log.
  std::string request_id = {};
  /// By which the client is counted: what limit_key gives.
  std::string client = {};
  /// Its address alone.
  std::string address = {};
  /// Whose results the request adds to and sees.
  std::string visitor = {};
  /// The client is to keep the visitor's id, which is new.
  bool new_visitor = false;
  /// Whether the client came over TLS, to a proxy in front.
  bool https = false;
  bool stopping = false;
  AdminGate::Verdict admin = AdminGate::Verdict::admitted;
  std::chrono::steady_clock::time_point now{};
  /// Milliseconds since 1970 in UTC.
  std::int64_t time_ms = 0;
};

/// What the site allows.
struct RouteRules {
  std::uint64_t image_bytes_max = 0;
  HostRules hosts;
  /// Whether an IP address may be a worker's. Names are checked by who resolves them.
  std::function<bool(std::string_view address)> worker_allowed = [](auto) { return true; };
  /// Visitors are told apart by their addresses, not by a cookie.
  bool results_by_address = false;
  /// How long results are kept.
  int results_days = 30;
  /// Whether a client's address is this machine's or in a private network.
  std::function<bool(std::string_view address)> is_near = [](auto) { return false; };
  /// What /metrics shows.
  std::function<std::string()> metrics_text = [] { return std::string(); };
};

}  // namespace samoyed::web
