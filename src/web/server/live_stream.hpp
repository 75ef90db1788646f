#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>

#include "web/access/admission.hpp"
#include "web/http/feed.hpp"

namespace samoyed::web {

/// A streamed answer under way: its feed, its place among all streams, and when it has to say
/// something.
class LiveStream {
 public:
  /// With `heartbeats` a comment goes out where no piece did for a while: for streams of events.
  LiveStream(std::shared_ptr<Feed> feed, Admission::Ticket place, bool heartbeats);

  /// What to send next; empty if there is nothing to send now, std::nullopt at the end. Returns
  /// within a moment, so that the end of a connection is noticed. Throws StorageError.
  asio::awaitable<std::optional<std::string>> next();

 private:
  using Clock = Feed::Clock;

  std::shared_ptr<Feed> feed_;
  Admission::Ticket place_;
  bool heartbeats_;
  Clock::time_point heartbeat_at_;
};

}  // namespace samoyed::web
