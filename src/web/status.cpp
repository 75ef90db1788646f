#include "web/status.hpp"

namespace samoyed::web {
namespace {

using dispatcher::FailureReason;
using protocol::RefusalReason;

int status_of(const protocol::Refusal& refusal) {
  switch (refusal.reason) {
    case RefusalReason::busy:
      return 503;
    case RefusalReason::too_large:
      return 413;
    case RefusalReason::unreadable:
      return 415;
    case RefusalReason::too_many_pixels:
    case RefusalReason::other:
      return 422;
    case RefusalReason::bad_encoding:
    case RefusalReason::bad_option:
    case RefusalReason::internal:
      break;
  }
  // The client's picture was never looked at: the fault is between us and the worker.
  return 502;
}

}  // namespace

int status_of(const dispatcher::Outcome& outcome) {
  const auto* const failure = std::get_if<dispatcher::Failure>(&outcome);
  if (!failure) return 200;
  switch (failure->reason) {
    case FailureReason::no_active_worker:
    case FailureReason::all_busy:
    case FailureReason::no_resources:
      return 503;
    case FailureReason::refused:
      return status_of(failure->refusal.value_or(protocol::Refusal{}));
    case FailureReason::deadline:
      return 504;
    case FailureReason::workers_closed:
    case FailureReason::cancelled:
      break;
  }
  return 422;
}

std::string_view heading_of(int status) {
  switch (status) {
    case 400:
      return "That can't be understood";
    case 404:
      return "There is nothing here";
    case 405:
      return "Not in this way";
    case 408:
      return "That took too long";
    case 413:
      return "That is too large";
    case 415:
      return "That is no picture we can read";
    case 422:
      return "This picture can't be recognised";
    case 502:
      return "The worker failed";
    case 503:
      return "Not at the moment";
    case 504:
      return "No answer in time";
    default:
      return "That isn't possible";
  }
}

}  // namespace samoyed::web
