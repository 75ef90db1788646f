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
  /// A comment is sent after each `heartbeat` without a piece. This is for streams of events;
  /// std::nullopt for others.
  LiveStream(std::shared_ptr<Feed> feed, Admission::Ticket place,
             std::optional<std::chrono::milliseconds> heartbeat);

  /// Returns what to send next, an empty text if there is nothing to send now, or std::nullopt at
  /// the end. Returns within a moment, so that the end of a connection is noticed. Throws
  /// StorageError.
  asio::awaitable<std::optional<std::string>> next();

 private:
  using Clock = Feed::Clock;

  std::shared_ptr<Feed> feed_;
  Admission::Ticket place_;
  std::optional<std::chrono::milliseconds> heartbeat_;
  Clock::time_point last_piece_;
};

}  // namespace samoyed::web
