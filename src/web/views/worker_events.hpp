#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "samoyed/dispatcher/discovery_status.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "web/views/worker_panel.hpp"

namespace samoyed::web {

/// The events of the streams of the list of workers. Each is encoded once for all streams: with a
/// thousand workers that takes some 20 ms.
///
/// Thread rule: the web server's thread.
class WorkerEvents {
 public:
  using Clock = std::chrono::steady_clock;
  using Event = std::shared_ptr<const std::string>;

  /// How old an event may be if a worker was added or removed, or changed its state or model since.
  static constexpr std::chrono::milliseconds changed_age_max_ms{100};
  /// How old an event may be if only numbers have changed since.
  static constexpr std::chrono::milliseconds counted_age_max_ms{1000};

  /// `workers` must outlive the events.
  explicit WorkerEvents(const dispatcher::WorkerList& workers,
                        dispatcher::DiscoveryStatuses discovery = dispatcher::no_discovery,
                        std::string instance_name = {})
      : workers_(workers),
        discovery_(std::move(discovery)),
        instance_name_(std::move(instance_name)) {}

  /// Returns the current event. It is the same one as before if its text is the same.
  Event latest(WorkersView::Shown shown, Clock::time_point now);

  /// How often an event was encoded.
  std::uint64_t encoded() const { return encoded_; }

 private:
  struct Encoded {
    Event event;
    WorkerRows rows;
    Clock::time_point at;
  };

  const dispatcher::WorkerList& workers_;
  const dispatcher::DiscoveryStatuses discovery_;
  const std::string instance_name_;
  std::array<Encoded, 4> events_;  ///< By `WorkersView::Shown`.
  std::uint64_t encoded_ = 0;
};

}  // namespace samoyed::web
