#include "samoyed/dispatcher/outcome.hpp"

#include "samoyed/protocol/wire.hpp"

namespace samoyed::dispatcher {
namespace {

std::string describe(const protocol::Refusal& refusal) {
  if (!refusal.detail.empty()) return refusal.detail;
  return "The worker can't recognize this image: " +
         std::string(protocol::to_string(refusal.reason)) + ".";
}

}  // namespace

std::string describe(const Failure& failure) {
  switch (failure.reason) {
    case FailureReason::no_active_worker:
      return "Error: No active worker!";
    case FailureReason::unknown_model:
      return "No worker runs the requested model.";
    case FailureReason::all_busy:
      return "All workers are busy. Try again in a moment.";
    case FailureReason::no_resources:
      return "The dispatcher has run out of resources. Try again in a moment.";
    case FailureReason::refused:
      return describe(failure.refusal.value_or(protocol::Refusal{}));
    case FailureReason::deadline:
      return "No worker answered in time. Try again in a moment.";
    case FailureReason::cancelled:
      return "The client disconnected before the answer was ready.";
    case FailureReason::workers_closed:
      break;
  }
  return "This image can't be recognized: workers closed the connection after they received it.";
}

}  // namespace samoyed::dispatcher
