#include "web/status.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

using dispatcher::Failure;
using dispatcher::FailureReason;
using dispatcher::Outcome;
using protocol::Refusal;
using protocol::RefusalReason;

TEST_CASE("what became of an image, as a status") {
  struct Case {
    Outcome outcome;
    int status;
  };
  const auto refused = [](RefusalReason reason) {
    return Failure{FailureReason::refused, Refusal{reason, ""}};
  };
  const std::vector<Case> cases = {
      {dispatcher::Answer{}, 200},
      {Failure{FailureReason::no_active_worker, {}}, 503},
      {Failure{FailureReason::all_busy, {}}, 503},
      {Failure{FailureReason::no_resources, {}}, 503},
      {Failure{FailureReason::workers_closed, {}}, 422},
      {Failure{FailureReason::refused, {}}, 422},
      {refused(RefusalReason::busy), 503},
      {refused(RefusalReason::too_large), 413},
      {refused(RefusalReason::unreadable), 415},
      {refused(RefusalReason::too_many_pixels), 422},
      {refused(RefusalReason::other), 422},
      {refused(RefusalReason::bad_encoding), 502},
      {refused(RefusalReason::bad_option), 502},
      {refused(RefusalReason::internal), 502},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    CHECK(status_of(cases[i].outcome) == cases[i].status);
  }
}

}  // namespace
}  // namespace samoyed::web
