#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "samoyed/dispatcher/discovery_status.hpp"
#include "samoyed/dispatcher/dispatch_counts.hpp"
#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/dispatcher/store_status.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/process.hpp"
#include "samoyed/io/tls_context.hpp"

namespace samoyed::web {

/// The values that are read from elsewhere at the moment of a scrape.
struct MetricsSnapshot {
  std::vector<dispatcher::WorkerRow> workers;
  std::vector<dispatcher::DiscoveryStatus> discovery = {};
  std::optional<io::TlsStatus> worker_tls = std::nullopt;  ///< Without TLS, std::nullopt.
  dispatcher::DispatchCounts dispatch;
  std::size_t requests = 0;  ///< Uploads in flight.
  std::uint64_t held_bytes = 0;
  std::size_t connections = 0;
  std::size_t streams = 0;
  /// `std::nullopt` if the server keeps no jobs.
  struct Jobs {
    std::size_t waiting = 0;
    std::size_t running = 0;
    std::uint64_t bytes = 0;
  };
  std::optional<Jobs> jobs = std::nullopt;
  /// `std::nullopt` if the server keeps neither results nor jobs.
  std::optional<bool> storage_available = std::nullopt;
  std::optional<dispatcher::StoreStatus> store = std::nullopt;
  std::optional<std::uint64_t> results_unreadable = std::nullopt;
  std::optional<std::uint64_t> results_dropped = std::nullopt;
  io::ProcessUse process = {};
};

/// The dispatcher's metrics for Prometheus. Requests are counted when they end; everything else is
/// read at each scrape.
///
/// Not thread-safe: use from one thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// Counts a recognized image and the time of each of its phases.
  void count(const dispatcher::Answer& answer);
  /// Counts a rejected request with images under the code of its reason.
  void count_refused(std::string_view reason);

  /// All metrics in the text exposition format, version 0.0.4.
  std::string text(const MetricsSnapshot& snapshot) const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

inline constexpr std::string_view metrics_media_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace samoyed::web
