#include "samoyed/dispatcher/recognition_json.hpp"

#include <nlohmann/json.hpp>

namespace samoyed::dispatcher {

using Json = nlohmann::ordered_json;

Json network_json(const std::optional<WorkerModel>& model) {
  if (!model) return nullptr;
  return {{"name", model->name}, {"trained", model->trained}};
}

Json labels_json(const std::vector<protocol::RankedLabel>& top) {
  Json labels = Json::array();
  for (const protocol::RankedLabel& ranked : top) {
    Json label = {{"label", ranked.label}};
    label["class"] = ranked.class_index ? Json(*ranked.class_index) : Json(nullptr);
    label["probability"] = ranked.probability;
    labels.push_back(std::move(label));
  }
  return labels;
}

Json times_json(const HistoryTimes& times) {
  return {{"queue", times.queue_ms},   {"transfer", times.transfer_ms}, {"decode", times.decode_ms},
          {"resize", times.resize_ms}, {"forward", times.forward_ms},   {"total", times.total_ms}};
}

}  // namespace samoyed::dispatcher
