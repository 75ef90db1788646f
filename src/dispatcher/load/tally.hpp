#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "dispatcher/load/latency_histogram.hpp"
#include "samoyed/protocol/result.hpp"

namespace samoyed::load {

using Clock = std::chrono::steady_clock;

/// How long the steps of an exchange with a worker took, as its client saw them.
struct StepTimes {
  std::chrono::nanoseconds size{};    ///< From the size to its A.
  std::chrono::nanoseconds image{};   ///< From the image's first byte to its A.
  std::chrono::nanoseconds result{};  ///< From the image's A to the result.
};

/// How one request ended.
struct Ending {
  enum class Kind {
    recognized,
    refused,  ///< The service refused it with a documented reason.
    failed,   ///< Anything else: a closed connection, an invalid answer, no answer in time.
  };
  Kind kind = Kind::recognized;
  /// The machine-readable reason, or the error.
  std::string why{};
  /// Set for exchanges with a worker only.
  std::optional<StepTimes> steps{};
  /// The times that the worker reported.
  std::optional<protocol::PhaseTimes> worker_times{};
};

/// Counts how the requests of a run ended.
///
/// Counts and latencies cover the requests that were due within the window. Rates cover the answers
/// that arrived within it, so that neither the beginning nor the end of the window distorts them.
/// Not thread-safe: use from one thread.
class Tally {
 public:
  struct Window {
    Clock::time_point begin;
    Clock::time_point end;
  };

  explicit Tally(Window window) : window_(window) {}

  /// Records the end of a request that was due at `due` and sent as soon as possible after that.
  void ended(Clock::time_point due, Clock::time_point end, const Ending& ending);

  const Window& window() const { return window_; }
  double seconds() const;

  std::uint64_t sent() const { return sent_; }
  std::uint64_t recognized() const { return latency_.count(); }
  /// Counts by reason.
  const std::map<std::string, std::uint64_t>& refused() const { return refused_; }
  const std::map<std::string, std::uint64_t>& failed() const { return failed_; }

  /// Answers of any kind per second, and recognitions per second.
  double throughput_per_s() const { return static_cast<double>(answered_within_) / seconds(); }
  double goodput_per_s() const { return static_cast<double>(recognized_within_) / seconds(); }

  /// Latencies of recognized images, each from the time at which it was due.
  const LatencyHistogram& latency() const { return latency_; }

  struct Steps {
    LatencyHistogram size, image, result;
  };
  struct Phases {
    LatencyHistogram queue, decode, resize, forward;
  };
  const Steps& steps() const { return steps_; }
  const Phases& phases() const { return phases_; }

 private:
  void count(Clock::time_point due, Clock::time_point end, const Ending& ending);

  Window window_;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_within_ = 0;
  std::uint64_t recognized_within_ = 0;
  std::map<std::string, std::uint64_t> refused_;
  std::map<std::string, std::uint64_t> failed_;
  LatencyHistogram latency_;
  Steps steps_;
  Phases phases_;
};

}  // namespace samoyed::load
