#include "web/http/reasons.hpp"

#include <algorithm>

namespace samoyed::web {
namespace {

using dispatcher::FailureReason;
using protocol::RefusalReason;

constexpr ReasonRow reason_rows[] = {
    {Reason::bad_request, "bad_request", 400},
    {Reason::bad_form, "bad_form", 400},
    {Reason::bad_address, "bad_address", 400},
    {Reason::bad_parameter, "bad_parameter", 400},
    {Reason::token_needed, "token_needed", 401},
    {Reason::address_not_allowed, "address_not_allowed", 403},
    {Reason::cross_site, "cross_site", 403},
    {Reason::private_only, "private_only", 403},
    {Reason::unconfirmed, "unconfirmed", 403},
    {Reason::not_found, "not_found", 404},
    {Reason::unknown_worker, "unknown_worker", 404},
    {Reason::unknown_job, "unknown_job", 404},
    {Reason::unknown_model, "unknown_model", 404},
    {Reason::method_not_allowed, "method_not_allowed", 405},
    {Reason::slow_request, "slow_request", 408},
    {Reason::list_full, "list_full", 409},
    {Reason::too_large, "too_large", 413},
    {Reason::unreadable, "unreadable", 415},
    {Reason::too_slow, "too_slow", 415},
    {Reason::wrong_type, "wrong_type", 415},
    {Reason::expectation, "expectation", 417},
    {Reason::host_not_allowed, "host_not_allowed", 421},
    {Reason::too_many_pixels, "too_many_pixels", 422},
    {Reason::unrecognisable, "unrecognisable", 422},
    {Reason::workers_closed, "workers_closed", 422},
    {Reason::client_limit, "client_limit", 429},
    {Reason::client_connections, "client_connections", 429},
    {Reason::sign_in_limit, "sign_in_limit", 429},
    {Reason::header_too_large, "header_too_large", 431},
    {Reason::client_left, "client_left", 499},
    {Reason::internal, "internal", 500},
    {Reason::unknown_method, "unknown_method", 501},
    {Reason::worker_failed, "worker_failed", 502},
    {Reason::overloaded, "overloaded", 503},
    {Reason::spool_full, "spool_full", 503},
    {Reason::connections, "connections", 503},
    {Reason::all_busy, "all_busy", 503},
    {Reason::no_active_worker, "no_active_worker", 503},
    {Reason::no_resources, "no_resources", 503},
    {Reason::storage, "storage", 503},
    {Reason::stopping, "stopping", 503},
    {Reason::deadline, "deadline", 504},
    {Reason::http_version, "http_version", 505},
};

const ReasonRow& row_of(Reason reason) {
  return *std::ranges::find(reason_rows, reason, &ReasonRow::reason);
}

Reason reason_of(const protocol::Refusal& refusal) {
  switch (refusal.reason) {
    case RefusalReason::busy:
      return Reason::all_busy;
    case RefusalReason::too_large:
      return Reason::too_large;
    case RefusalReason::unreadable:
      return Reason::unreadable;
    case RefusalReason::too_many_pixels:
      return Reason::too_many_pixels;
    case RefusalReason::too_slow:
      return Reason::too_slow;
    case RefusalReason::other:
      return Reason::unrecognisable;
    case RefusalReason::bad_encoding:
    case RefusalReason::bad_option:
    case RefusalReason::internal:
      break;
  }
  // No worker looked at the client's image. The error is between the dispatcher and the worker.
  return Reason::worker_failed;
}

}  // namespace

std::span<const ReasonRow> reasons() { return reason_rows; }

std::string_view code_of(Reason reason) { return row_of(reason).code; }

int status_of(Reason reason) { return row_of(reason).status; }

Reason reason_of(const dispatcher::Failure& failure) {
  switch (failure.reason) {
    case FailureReason::no_active_worker:
      return Reason::no_active_worker;
    case FailureReason::unknown_model:
      return Reason::unknown_model;
    case FailureReason::all_busy:
      return Reason::all_busy;
    case FailureReason::no_resources:
      return Reason::no_resources;
    case FailureReason::refused:
      return reason_of(failure.refusal.value_or(protocol::Refusal{}));
    case FailureReason::deadline:
      return Reason::deadline;
    case FailureReason::cancelled:
      return Reason::client_left;
    case FailureReason::workers_closed:
      break;
  }
  return Reason::workers_closed;
}

namespace {

std::string_view heading_of_status(int status) {
  switch (status) {
    case 400:
      return "Invalid request";
    case 401:
      return "Sign in first";
    case 403:
      return "Not allowed";
    case 404:
      return "Page not found";
    case 405:
      return "Method not allowed";
    case 408:
      return "Request timed out";
    case 413:
      return "Too large";
    case 415:
      return "We can't read this picture";
    case 421:
      return "Unknown host name";
    case 422:
      return "We can't recognize this picture";
    case 429:
      return "Too many requests";
    case 500:
      return "Internal error";
    case 502:
      return "The worker failed";
    case 503:
      return "Temporarily unavailable";
    case 504:
      return "No answer in time";
    default:
      return "Request failed";
  }
}

}  // namespace

std::string_view heading_of(Reason reason) {
  switch (reason) {
    case Reason::unknown_worker:
      return "Worker not found";
    case Reason::unknown_job:
      return "Job not found";
    case Reason::unknown_model:
      return "Model not found";
    default:
      return heading_of_status(status_of(reason));
  }
}

}  // namespace samoyed::web
