#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>

namespace samoyed::web {

/// The source of a streamed response's pieces. It keeps no queue: a slow client gets only the
/// latest state.
class Feed {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Feed() = default;

  /// The next piece; empty if none came until `until`; std::nullopt at the end. Throws
  /// StorageError.
  virtual asio::awaitable<std::optional<std::string>> next(Clock::time_point until) = 0;
};

}  // namespace samoyed::web
