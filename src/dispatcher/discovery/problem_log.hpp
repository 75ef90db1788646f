#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "samoyed/dispatcher/worker_health.hpp"

namespace samoyed::dispatcher {

/// Decides which of a name's problems the log names: the first one at once, then one a minute for
/// as long as there are any, and their end. Reads no clock.
///
/// Not thread-safe: use from one thread.
class ProblemLog {
 public:
  static constexpr std::chrono::minutes interval{1};

  /// What to log after a lookup.
  enum class Line { none, problem, end_of_problems };

  /// `problem` is that of the lookup that just ended. Empty if it has none.
  Line after_lookup(std::string_view problem, Clock::time_point now);

 private:
  std::optional<Clock::time_point> logged_at_;
  bool named_ = false;  ///< The last line named a problem.
};

}  // namespace samoyed::dispatcher
