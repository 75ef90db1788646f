#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "samoyed/dispatcher/outcome.hpp"
#include "web/http/http_message.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {

// The JSON texts of the API, which assets/openapi.json describes. Bytes that aren't valid UTF-8
// become U+FFFD.

/// An error as in RFC 9457, with the reason code and the request id as additional members.
std::string problem_json(const Problem& problem, std::string_view request_id);

/// An error in the format of the Open Inference Protocol: `{"error":"..."}`.
std::string error_json(std::string_view sentence);

/// One recognition. It names the worker only with `worker_visible`.
std::string answer_json(const dispatcher::Answer& answer, bool worker_visible,
                        std::string_view request_id);

/// One of several images of a request: its answer, or why there is none.
struct ImageOutcome {
  std::string file_name;
  const dispatcher::Answer* answer = nullptr;
  std::optional<Problem> problem = std::nullopt;
};
std::string outcomes_json(const std::vector<ImageOutcome>& outcomes, bool worker_visible,
                          std::string_view request_id);

/// How the models are shown to a client.
struct ModelsDisplay {
  /// Whether the number of their workers is shown.
  bool workers_visible = false;
  /// The path before the addresses of their labels (base_path.hpp).
  std::string base_path = {};
};

/// All models, and one.
std::string models_json(const std::vector<dispatcher::ModelRow>& rows,
                        const ModelsDisplay& display);
std::string model_json(const dispatcher::ModelRow& row, const ModelsDisplay& display);

/// The labels of a model.
struct LabelList {
  dispatcher::WorkerModel model;
  /// In the order of their classes.
  std::vector<protocol::RankedLabel> labels;
};
std::string label_list_json(const LabelList& list);

/// All workers, with what the view shows of each.
std::string workers_json(const WorkersView& view);
/// One worker, with what the view shows of it. `added` is part of the answer to a request that adds
/// it: whether it was new.
std::string worker_json(const dispatcher::WorkerRow& row, const WorkersView& view,
                        std::optional<bool> added = std::nullopt);

}  // namespace samoyed::web
