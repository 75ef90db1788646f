#include "web/http/reasons.hpp"

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

using dispatcher::Failure;
using dispatcher::FailureReason;
using protocol::Refusal;
using protocol::RefusalReason;

TEST_CASE("each failure has a reason and a status") {
  struct Case {
    Failure failure;
    Reason reason;
    int status;
  };
  const auto refused = [](RefusalReason reason) {
    return Failure{FailureReason::refused, Refusal{reason, ""}};
  };
  const std::vector<Case> cases = {
      {{FailureReason::no_active_worker, {}}, Reason::no_active_worker, 503},
      {{FailureReason::unknown_model, {}}, Reason::unknown_model, 404},
      {{FailureReason::all_busy, {}}, Reason::all_busy, 503},
      {{FailureReason::no_resources, {}}, Reason::no_resources, 503},
      {{FailureReason::workers_closed, {}}, Reason::workers_closed, 422},
      {{FailureReason::deadline, {}}, Reason::deadline, 504},
      {{FailureReason::cancelled, {}}, Reason::client_left, 499},
      {{FailureReason::refused, {}}, Reason::unrecognisable, 422},
      {refused(RefusalReason::busy), Reason::all_busy, 503},
      {refused(RefusalReason::too_large), Reason::too_large, 413},
      {refused(RefusalReason::unreadable), Reason::unreadable, 415},
      {refused(RefusalReason::too_many_pixels), Reason::too_many_pixels, 422},
      {refused(RefusalReason::too_slow), Reason::too_slow, 415},
      {refused(RefusalReason::other), Reason::unrecognisable, 422},
      {refused(RefusalReason::bad_encoding), Reason::worker_failed, 502},
      {refused(RefusalReason::bad_option), Reason::worker_failed, 502},
      {refused(RefusalReason::internal), Reason::worker_failed, 502},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    CHECK(reason_of(cases[i].failure) == cases[i].reason);
    CHECK(status_of(reason_of(cases[i].failure)) == cases[i].status);
  }
}

/// Returns the table's rows as `code status`. Rows without a meaning are left out.
std::vector<std::string> documented_reasons() {
  std::ifstream file(SAMOYED_REASONS_FILE);
  std::vector<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const std::size_t code_end = line.find('`', 3);
    const std::string status = line.substr(code_end + 4, 3);
    const std::size_t meaning_end = line.find(" |", code_end + 10);
    if (meaning_end > code_end + 12) rows.push_back(line.substr(3, code_end - 3) + " " + status);
  }
  return rows;
}

TEST_CASE("REASONS.md lists every reason with its status, and no others") {
  std::vector<std::string> rows;
  for (const ReasonRow& row : reasons()) {
    rows.push_back(std::string(row.code) + " " + std::to_string(row.status));
  }
  CHECK(documented_reasons() == rows);
}

TEST_CASE("every reason has one row, and no two have the same code") {
  std::set<Reason> seen;
  std::set<std::string_view> codes;
  for (const ReasonRow& row : reasons()) {
    CHECK(seen.insert(row.reason).second);
    CHECK(codes.insert(row.code).second);
    CHECK(code_of(row.reason) == row.code);
    CHECK(row.status >= 400);
  }
  CHECK(seen.size() == static_cast<std::size_t>(Reason::http_version) + 1);
}

TEST_CASE("a heading names what was not found") {
  CHECK(heading_of(Reason::not_found) == "Page not found");
  CHECK(heading_of(Reason::unknown_job) == "Job not found");
  CHECK(heading_of(Reason::unknown_model) == "Model not found");
  CHECK(heading_of(Reason::unknown_worker) == "Worker not found");
}

}  // namespace
}  // namespace samoyed::web
