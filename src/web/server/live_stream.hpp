#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>

#include "web/access/admission.hpp"
#include "web/http/feed.hpp"

namespace samoyed::web {

/// A streamed answer in progress: its feed, its place among all streams, and the time of its next
/// heartbeat.
class LiveStream {
 public:
  /// If `heartbeats` is set, a comment is sent after a while without a piece. This is for streams
  /// of events.
  LiveStream(std::shared_ptr<Feed> feed, Admission::Ticket place, bool heartbeats);

  /// Returns what to send next, an empty text if there is nothing to send now, or std::nullopt at
  /// the end. Returns within a moment, so that the end of a connection is noticed. Throws
  /// StorageError.
  asio::awaitable<std::optional<std::string>> next();

 private:
  using Clock = Feed::Clock;

  std::shared_ptr<Feed> feed_;
  Admission::Ticket place_;
  bool heartbeats_;
  Clock::time_point heartbeat_at_;
};

}  // namespace samoyed::web
