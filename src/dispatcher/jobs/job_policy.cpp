#include "dispatcher/jobs/job_policy.hpp"

#include <algorithm>

#include "samoyed/io/pause.hpp"

namespace samoyed::dispatcher {
namespace {

using Next = JobVerdict::Next;

constexpr std::chrono::milliseconds pause_first{1000};
constexpr std::chrono::milliseconds pause_max{60000};

struct ReasonAndNext {
  std::string_view reason;
  Next next = Next::fail;
};

ReasonAndNext reason_and_next(protocol::RefusalReason reason, Next suspect) {
  switch (reason) {
    case protocol::RefusalReason::busy:
      return {"all_busy", Next::again};
    case protocol::RefusalReason::internal:
      return {"worker_failed", suspect};
    case protocol::RefusalReason::too_large:
      return {"too_large"};
    case protocol::RefusalReason::unreadable:
      return {"unreadable"};
    case protocol::RefusalReason::too_many_pixels:
      return {"too_many_pixels"};
    case protocol::RefusalReason::too_slow:
      return {"too_slow"};
    case protocol::RefusalReason::bad_encoding:
    case protocol::RefusalReason::bad_option:
    case protocol::RefusalReason::other:
      break;
  }
  return {"unrecognisable"};
}

ReasonAndNext reason_and_next(const Failure& failure, Next suspect) {
  switch (failure.reason) {
    case FailureReason::no_active_worker:
      return {"no_active_worker", Next::again};
    case FailureReason::no_resources:
      return {"no_resources", Next::again};
    case FailureReason::all_busy:
      return {"all_busy", Next::again};
    case FailureReason::refused:
      return reason_and_next(failure.refusal.value_or(protocol::Refusal{}).reason, suspect);
    case FailureReason::workers_closed:
      return {"workers_closed"};
    case FailureReason::unknown_model:
      return {"unknown_model"};
    case FailureReason::deadline:
      return {"deadline", suspect};
    case FailureReason::cancelled:
      break;
  }
  return {"stopping", Next::again};
}

}  // namespace

std::size_t jobs_to_start(const JobCapacity& capacity) {
  if (capacity.workers_in_rotation == 0 || capacity.running_bytes >= running_bytes_max) return 0;
  const std::size_t slots =
      capacity.workers_in_rotation - std::min(capacity.workers_in_rotation, capacity.interactive);
  if (slots == 0) {
    return capacity.jobs_running == 0 && capacity.idle >= job_starved_after ? 1 : 0;
  }
  const std::size_t may_run = std::max<std::size_t>(1, slots - 1);
  return may_run - std::min(may_run, capacity.jobs_running);
}

std::chrono::milliseconds retry_pause(int attempts) {
  const auto failures = static_cast<std::size_t>(std::max(attempts, 0));
  return io::doubled_pause(pause_first, failures, pause_max);
}

bool is_suspect(const Failure& failure) {
  if (failure.reason == FailureReason::refused) {
    return failure.refusal && failure.refusal->reason == protocol::RefusalReason::internal;
  }
  return failure.reason == FailureReason::deadline;
}

JobVerdict judge(const Failure& failure, int suspect_ends) {
  const Next suspect = suspect_ends < suspect_ends_max ? Next::again : Next::fail;
  const ReasonAndNext judged = reason_and_next(failure, suspect);
  return {.next = judged.next,
          .reason = std::string(judged.reason),
          .detail = describe(failure),
          .counted = failure.reason != FailureReason::cancelled,
          .suspect = is_suspect(failure)};
}

}  // namespace samoyed::dispatcher
