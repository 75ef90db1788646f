#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>

namespace samoyed::web {

/// The source of the pieces of a streamed response. It keeps no queue: a slow client gets only the
/// latest state.
class Feed {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Feed() = default;

  /// Returns the next piece, an empty one if none came before `until`, or std::nullopt at the end.
  /// Throws StorageError.
  virtual asio::awaitable<std::optional<std::string>> next(Clock::time_point until) = 0;
};

}  // namespace samoyed::web
