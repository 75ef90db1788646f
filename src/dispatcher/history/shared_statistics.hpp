#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/history_statistics.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// Answers questions for statistics. Everyone who asks the same question while it is being computed
/// shares that computation, and its answer is kept for a moment.
///
/// Thread rule: the thread of the awaiting coroutines' executor, which must be a single one.
class SharedStatistics {
 public:
  using Clock = std::chrono::steady_clock;
  using Query = HistoryStatisticsQuery;
  using Compute = std::function<asio::awaitable<HistoryStatistics>(Query)>;

  /// How long an answer is kept. Rows that are recorded meanwhile appear in it only afterward.
  static constexpr std::chrono::milliseconds kept_ms{2000};
  /// The most answers that are kept. One with all its points takes about 50 kB.
  static constexpr std::size_t answers_max = 64;
  /// The most different questions that are being computed or wait for that.
  static constexpr std::size_t computing_max = 16;

  /// Must outlive every coroutine that it started.
  explicit SharedStatistics(Compute compute, std::function<Clock::time_point()> now = Clock::now)
      : compute_(std::move(compute)), now_(std::move(now)) {}

  /// Returns the answer. Throws what the computation throws, and BusyError if too many different
  /// questions are being computed.
  asio::awaitable<HistoryStatistics> ask(Query query);

  /// Makes sure that no later question gets an answer from before, because rows were removed.
  void forget() { answers_.clear(); }

 private:
  struct Answer {
    bool ended = false;
    Clock::time_point ended_at;
    HistoryStatistics numbers;
    std::exception_ptr failure;
    std::vector<io::Event*> waiting;
  };
  using AnswerPointer = std::shared_ptr<Answer>;

  AnswerPointer find(const Query& query);
  void make_room();
  asio::awaitable<void> compute(Query query, AnswerPointer answer);

  const Compute compute_;
  const std::function<Clock::time_point()> now_;
  std::map<Query, AnswerPointer> answers_;
  std::size_t computing_ = 0;
};

}  // namespace samoyed::dispatcher
