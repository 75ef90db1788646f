#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dispatcher/attempt_results.hpp"
#include "dispatcher/dispatch_plan.hpp"
#include "dispatcher/fair_queue.hpp"
#include "samoyed/dispatcher/dispatcher.hpp"

namespace samoyed::dispatcher {

inline double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// One image in flight: its plan, its attempts and their results.
struct Dispatcher::Request {
  struct StartedAttempt {
    Worker worker;
    std::shared_ptr<Attempt> attempt;  ///< Null once the attempt has ended.
  };

  Request(const asio::any_io_executor& executor, WorkerList& workers, ClassifyRequest request,
          bool queued)
      : wanted(std::move(request)),
        results(std::make_shared<AttemptResults>(executor)),
        plan(workers, wanted.deadline, wanted.model, queued) {
    if (!wanted.cancelled.is_connected()) return;
    wanted.cancelled.assign([results = results](asio::cancellation_type) { results->cancel(); });
  }
  ~Request() {
    for (const StartedAttempt& started : attempts) {
      if (started.attempt) started.attempt->abandon();
    }
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  ClassifyRequest wanted;
  std::shared_ptr<AttemptResults> results;
  DispatchPlan plan;
  DispatchPlan::Action action = DispatchPlan::Wait{};
  std::vector<StartedAttempt> attempts;  ///< Indexed by the plan's numbers.
  std::optional<AttemptResult> result;   ///< The result that was handled last.
  FairQueue::Ticket ticket = 0;
  std::optional<Clock::time_point> sent_at;  ///< Unset while it waits in the queue.
};

}  // namespace samoyed::dispatcher
