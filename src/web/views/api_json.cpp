#include "web/views/api_json.hpp"

#include <nlohmann/json.hpp>

#include "samoyed/dispatcher/history_export.hpp"
#include "samoyed/dispatcher/recognition_json.hpp"
#include "samoyed/dispatcher/recognized_row.hpp"
#include "samoyed/protocol/address.hpp"
#include "web/http/bounded_json.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

Json model_json(const std::optional<dispatcher::WorkerModel>& model) {
  if (!model) return nullptr;
  return {{"name", model->name}, {"trained", model->trained}};
}

std::string_view state_word(const dispatcher::WorkerRow& row, const WorkersView& view) {
  if (is_hidden(row, view)) return "unknown";
  return row.state == dispatcher::WorkerState::in_rotation ? "in_rotation" : "removed";
}

Json row_json(const dispatcher::WorkerRow& row, const WorkersView& view) {
  Json worker = {{"address", protocol::to_string(row.worker.address)},
                 {"model", model_json(row.model)},
                 {"state", state_word(row, view)}};
  // The outcomes of images would reveal as much about an unknown port as the state.
  if (is_hidden(row, view)) return worker;
  worker["since"] = dispatcher::utc_text(row.since_ms);
  if (!row.why.empty()) worker["why"] = row.why;
  worker["probing"] = row.probing;
  worker["in_flight"] = row.counts.in_flight;
  worker["done"] = row.counts.done;
  worker["failed"] = row.counts.failed;
  worker["latency_ms"] = row.counts.latency_ms;
  return worker;
}

}  // namespace

std::string problem_json(const Problem& problem, std::string_view request_id) {
  return to_text({{"type", "about:blank"},
                  {"title", heading_of(problem.reason)},
                  {"status", problem.status()},
                  {"detail", problem.sentence},
                  {"reason", code_of(problem.reason)},
                  {"request_id", request_id}});
}

std::string error_json(std::string_view sentence) { return to_text({{"error", sentence}}); }

std::string answer_json(const dispatcher::Answer& answer, bool worker_visible,
                        std::string_view request_id) {
  Json json = {{"request_id", request_id},
               {"model", model_json(answer.model)},
               {"labels", dispatcher::labels_json(answer.recognition.top)},
               {"width", answer.recognition.width},
               {"height", answer.recognition.height}};
  if (answer.recognition.truncated) json["truncated"] = true;
  if (worker_visible) json["worker"] = protocol::to_string(answer.worker);
  json["times_ms"] = dispatcher::times_json(dispatcher::times_of(answer));
  return to_text(json);
}

std::string worker_json(const dispatcher::WorkerRow& row, const WorkersView& view,
                        std::optional<bool> added) {
  Json worker = row_json(row, view);
  if (added) worker["added"] = *added;
  return to_text(worker);
}

std::string workers_json(const WorkersView& view) {
  Json workers = Json::array();
  for (const dispatcher::WorkerRow& row : view.rows) workers.push_back(row_json(row, view));
  return to_text({{"workers", std::move(workers)}});
}

}  // namespace samoyed::web
