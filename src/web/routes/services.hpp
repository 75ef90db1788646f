#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/dispatcher/discovery_status.hpp"
#include "samoyed/dispatcher/history.hpp"
#include "samoyed/dispatcher/jobs.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/wall_clock.hpp"
#include "web/access/access.hpp"
#include "web/access/admin_gate.hpp"
#include "web/routes/label_lists.hpp"
#include "web/views/api_json.hpp"
#include "web/views/gzip.hpp"
#include "web/views/metrics.hpp"
#include "web/views/worker_events.hpp"

namespace samoyed::web {

/// The site's settings that handlers and guards need.
struct SiteRules {
  std::uint64_t image_bytes_max = 0;
  HostRules hosts;
  /// Returns true if a worker may have that IP address. Host names are checked when they are
  /// resolved.
  std::function<bool(std::string_view address)> worker_allowed = [](auto) { return true; };
  /// Visitors are identified by their addresses instead of a cookie.
  bool results_by_address = false;
  /// How many days results are kept.
  int results_days = 30;
  /// Longer side, in pixels, of the thumbnails in the history. std::nullopt if it keeps none.
  std::optional<int> thumbnail_side = std::nullopt;
  /// Time from an upload's complete arrival to its answer.
  std::chrono::milliseconds request_timeout{60'000};
  /// Time from the complete arrival of a form of several images to the end of the last one.
  std::chrono::milliseconds form_timeout{600'000};
  /// Pages aren't sure of a best label with a lower probability.
  double unsure_below = 0;
  /// The name of this dispatcher among several that share a store; empty if it has none.
  std::string instance_name = {};
  /// Returns true if a client's address is this machine's or in a private network.
  std::function<bool(std::string_view address)> is_local = [](auto) { return false; };
};

/// What handlers work with. Everything here is an interface or a value, so that handlers can be
/// tested without sockets.
///
/// Thread rule: the web server's thread.
struct Services {
  dispatcher::Classifier& classifier;
  dispatcher::WorkerList& workers;
  dispatcher::DiscoveryStatuses discovery = dispatcher::no_discovery;
  /// Null if results are not kept.
  dispatcher::History* history = nullptr;
  /// Null if there are no jobs.
  dispatcher::Jobs* jobs = nullptr;
  /// Returns whether history and jobs are available now.
  std::function<bool()> storage_available = [] { return true; };
  /// See ServerParts.
  std::function<asio::awaitable<void>()> share_workers = {};
  AdminGate& gate;
  Metrics& metrics;
  /// Returns the text of /metrics.
  std::function<std::string()> metrics_text = [] { return std::string(); };
  /// Returns milliseconds since 1970 in UTC.
  std::function<std::int64_t()> wall_clock_ms = io::wall_clock_ms;
  SiteRules rules;
  /// The API's page and description as they were last asked for.
  CompressedText api_page = {};
  CompressedText openapi = {};
  /// The labels that workers have named.
  LabelLists label_lists = {};
  /// What the streams of the list of workers send.
  WorkerEvents worker_events{workers, discovery, rules.instance_name};
};

}  // namespace samoyed::web
