#pragma once

#include <span>
#include <string_view>

#include "samoyed/dispatcher/outcome.hpp"

namespace samoyed::web {

/// Why something was not done, for programs: each has one word, which goes into the response's
/// field `Samoyed-Reason`, and one status. REASONS.md says what each means and what to do.
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
  stopping,
  deadline,
  http_version,
};

struct ReasonRow {
  Reason reason;
  std::string_view word;
  int status;
};

/// All of them, by status.
std::span<const ReasonRow> reasons();

std::string_view word_of(Reason reason);
int status_of(Reason reason);

/// Why an image was not recognized.
Reason reason_of(const dispatcher::Failure& failure);

/// A few words in large letters for a page of that status, which is no success.
std::string_view heading_of(int status);

}  // namespace samoyed::web
