#include "samoyed/dispatcher/outcome.hpp"

#include <algorithm>
#include <vector>

#include "samoyed/protocol/wire.hpp"

namespace samoyed::dispatcher {
namespace {

/// Maximum number of models that an error names.
constexpr std::size_t named_models_max = 20;

/// Returns an empty text if there are no models.
std::string names_of(const std::vector<ModelRow>& rows) {
  std::string names;
  for (std::size_t i = 0; i < std::min(rows.size(), named_models_max); ++i) {
    names += (i == 0 ? "" : ", ") + rows[i].model.name;
  }
  if (rows.size() <= named_models_max) return names;
  const std::size_t others = rows.size() - named_models_max;
  return names + " and " + std::to_string(others) + (others == 1 ? " other" : " others");
}

std::string describe_unknown_model(const WorkerList& workers, std::string_view model) {
  std::string sentence = "No worker runs the requested model.";
  if (model.empty()) {
    sentence = "No worker runs the default model, " + workers.default_model().name + ".";
  }
  const std::string names = names_of(workers.models());
  if (names.empty()) return sentence + " No worker has reported its model yet.";
  return sentence + " The workers run " + names + ".";
}

/// Says that a worker that hasn't reported its model may run the requested one. Returns an empty
/// text if any model would do, or if a worker is known to run the requested one.
std::string describe_unreported_models(const WorkerList& workers, std::string_view model) {
  const std::string wanted(model.empty() ? workers.default_model().name : model);
  const std::vector<ModelRow> rows = workers.models();
  const bool known =
      std::ranges::any_of(rows, [&](const ModelRow& row) { return row.model.name == wanted; });
  if (wanted.empty() || known) return {};
  const std::string what =
      model.empty() ? "the default model (" + wanted + ")" : std::string("the requested model");
  if (rows.empty()) {
    return " No worker has reported its model yet, so " + what + " can't be checked.";
  }
  return " The workers that have reported their model run " + names_of(rows) +
         "; another worker may run " + what + ".";
}

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

std::string describe(const Failure& failure, const WorkerList& workers, std::string_view model) {
  switch (failure.reason) {
    case FailureReason::unknown_model:
      return describe_unknown_model(workers, model);
    case FailureReason::no_active_worker:
      return describe(failure) + describe_unreported_models(workers, model);
    default:
      return describe(failure);
  }
}

}  // namespace samoyed::dispatcher
