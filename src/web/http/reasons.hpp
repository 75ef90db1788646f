#pragma once

#include <span>
#include <string_view>

#include "samoyed/dispatcher/outcome.hpp"

namespace samoyed::web {

/// Why a request failed, for programs. Each reason has one code, which the response carries in the
/// header field `Samoyed-Reason`, and one HTTP status. REASONS.md explains each code and what to
/// do.
enum class Reason {
  bad_request,
  bad_form,
  bad_address,
  bad_parameter,
  token_needed,
  address_not_allowed,
  cross_site,
  private_only,
  unconfirmed,
  not_found,
  unknown_worker,
  unknown_job,
  unknown_model,
  method_not_allowed,
  slow_request,
  list_full,
  too_large,
  unreadable,
  too_slow,
  wrong_type,
  expectation,
  host_not_allowed,
  too_many_pixels,
  unrecognisable,
  workers_closed,
  client_limit,
  client_connections,
  sign_in_limit,
  header_too_large,
  client_left,
  internal,
  unknown_method,
  worker_failed,
  overloaded,
  spool_full,
  connections,
  all_busy,
  no_active_worker,
  no_resources,
  storage,
  stopping,
  deadline,
  http_version,
};

struct ReasonRow {
  Reason reason;
  std::string_view code;
  int status;
};

/// Returns all reasons, ordered by status.
std::span<const ReasonRow> reasons();

std::string_view code_of(Reason reason);
int status_of(Reason reason);

/// Returns the reason why an image was not recognized.
Reason reason_of(const dispatcher::Failure& failure);

/// Returns the heading of an error page and the title of a JSON error.
std::string_view heading_of(Reason reason);

}  // namespace samoyed::web
