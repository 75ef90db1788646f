#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "samoyed/dispatcher/dispatch_counts.hpp"
#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/io/process.hpp"

namespace samoyed::web {

/// What is read from elsewhere at the moment of a scrape.
struct MetricsSnapshot {
  std::vector<dispatcher::WorkerRow> workers;
  dispatcher::DispatchCounts dispatch;
  std::size_t requests = 0;  ///< Uploads under way.
  std::uint64_t held_bytes = 0;
  std::size_t connections = 0;
  std::size_t streams = 0;
  /// std::nullopt if the server keeps no jobs.
  struct Jobs {
    std::size_t waiting = 0;
    std::size_t running = 0;
    std::uint64_t bytes = 0;
  };
  std::optional<Jobs> jobs = std::nullopt;
  std::optional<std::uint64_t> results_dropped = std::nullopt;
  io::ProcessUse process = {};
};

/// The dispatcher's numbers for Prometheus: requests are counted as they end, the rest is read when
/// somebody asks.
///
/// Not thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// Counts an image that was recognized, and where its time went.
  void count(const dispatcher::Answer& answer);
  /// Counts a request with images that was refused, by the word of its reason.
  void count_refused(std::string_view reason);

  /// Everything in the text exposition format, version 0.0.4.
  std::string text(const MetricsSnapshot& snapshot) const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

inline constexpr std::string_view metrics_media_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace samoyed::web
