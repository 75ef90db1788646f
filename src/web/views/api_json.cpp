#include "web/views/api_json.hpp"

#include <algorithm>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "samoyed/dispatcher/history_export.hpp"
#include "samoyed/dispatcher/recognition_json.hpp"
#include "samoyed/dispatcher/recognized_row.hpp"
#include "samoyed/protocol/address.hpp"
#include "web/http/bounded_json.hpp"
#include "web/http/url.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

/// The same under its former name and its present one.
void add_network(Json& json, const std::optional<dispatcher::WorkerModel>& model) {
  json["network"] = dispatcher::network_json(model);
  json["model"] = json["network"];
}

Json model_row_json(const dispatcher::ModelRow& row, const ModelsDisplay& display) {
  Json json = dispatcher::network_json(row.model);
  json["default"] = row.is_default;
  json["label_count"] = row.model.label_count;
  if (display.workers_visible) json["workers"] = row.workers;
  json["labels_href"] =
      display.base_path + "/api/v1/models/" + percent_encode(row.model.name) + "/labels";
  return json;
}

std::string_view state_word(const dispatcher::WorkerRow& row, const WorkersView& view) {
  if (is_hidden(row, view)) return "unknown";
  switch (row.state) {
    case dispatcher::WorkerState::in_rotation:
      return "in_rotation";
    case dispatcher::WorkerState::draining:
      return "draining";
    case dispatcher::WorkerState::ejected:
      break;
  }
  return "removed";
}

std::string_view source_word(const dispatcher::WorkerRow& row) {
  if (row.discovered_by.empty()) return "address";
  return row.by_address ? "both" : "dns";
}

Json discovery_json(const dispatcher::DiscoveryStatus& status) {
  Json json = {{"name", status.name}, {"workers", status.workers}};
  json["answered"] =
      status.answered_ms ? Json(dispatcher::utc_text(*status.answered_ms)) : Json(nullptr);
  if (!status.problem.empty()) json["problem"] = status.problem;
  return json;
}

Json row_json(const dispatcher::WorkerRow& row, const WorkersView& view) {
  Json worker = {{"address", protocol::to_string(row.worker.address)}};
  worker["source"] = source_word(row);
  if (!row.discovered_by.empty()) worker["discovered_by"] = row.discovered_by;
  add_network(worker, row.model);
  worker["state"] = state_word(row, view);
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

Json json_of(const Problem& problem, std::string_view request_id) {
  return {{"type", "about:blank"},
          {"title", heading_of(problem.reason)},
          {"status", problem.status()},
          {"detail", problem.sentence},
          {"reason", code_of(problem.reason)},
          {"request_id", request_id}};
}

Json json_of(const dispatcher::Answer& answer, bool worker_visible, std::string_view request_id) {
  Json json = {{"request_id", request_id}};
  add_network(json, answer.model);
  json["labels"] = dispatcher::labels_json(answer.recognition.top);
  json["width"] = answer.recognition.width;
  json["height"] = answer.recognition.height;
  if (answer.recognition.truncated) json["truncated"] = true;
  if (worker_visible) json["worker"] = protocol::to_string(answer.worker);
  json["times_ms"] = dispatcher::times_json(dispatcher::times_of(answer));
  return json;
}

}  // namespace

std::string problem_json(const Problem& problem, std::string_view request_id) {
  return to_text(json_of(problem, request_id));
}

std::string error_json(std::string_view sentence) { return to_text({{"error", sentence}}); }

std::string answer_json(const dispatcher::Answer& answer, bool worker_visible,
                        std::string_view request_id) {
  return to_text(json_of(answer, worker_visible, request_id));
}

std::string outcomes_json(const std::vector<ImageOutcome>& outcomes, bool worker_visible,
                          std::string_view request_id) {
  Json images = Json::array();
  for (const ImageOutcome& outcome : outcomes) {
    Json image = {{"file_name", outcome.file_name}};
    if (outcome.answer) image.update(json_of(*outcome.answer, worker_visible, request_id));
    if (outcome.problem) image["problem"] = json_of(*outcome.problem, request_id);
    images.push_back(std::move(image));
  }
  return to_text({{"images", std::move(images)}, {"request_id", request_id}});
}

std::string models_json(const std::vector<dispatcher::ModelRow>& rows,
                        const ModelsDisplay& display) {
  Json models = Json::array();
  for (const dispatcher::ModelRow& row : rows) models.push_back(model_row_json(row, display));
  return to_text({{"models", std::move(models)}});
}

std::string model_json(const dispatcher::ModelRow& row, const ModelsDisplay& display) {
  return to_text(model_row_json(row, display));
}

std::string label_list_json(const LabelList& list) {
  Json labels = Json::array();
  for (const protocol::RankedLabel& ranked : list.labels) {
    Json label = {{"label", ranked.label}, {"class", nullptr}};
    if (ranked.class_index) label["class"] = *ranked.class_index;
    labels.push_back(std::move(label));
  }
  const std::uint64_t count = std::max<std::uint64_t>(list.model.label_count, labels.size());
  const bool complete = labels.size() == count;
  return to_text({{"network", dispatcher::network_json(list.model)},
                  {"label_count", count},
                  {"complete", complete},
                  {"labels", std::move(labels)}});
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
  Json list = {{"workers", std::move(workers)}};
  if (!view.instance_name.empty()) list["dispatcher"] = view.instance_name;
  for (const auto& status : view.discovery) list["discovery"].push_back(discovery_json(status));
  return to_text(list);
}

}  // namespace samoyed::web
