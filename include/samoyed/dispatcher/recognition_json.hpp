#pragma once

#include <optional>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/worker_list.hpp"

namespace samoyed::dispatcher {

// The JSON of a recognition, shared by fresh answers and rows of the history.

/// `{"name":"squeezenet1_1","trained":true}`, or null if the worker didn't report its model.
nlohmann::ordered_json network_json(const std::optional<WorkerModel>& model);

/// `[{"label":"Samoyed","class":258,"probability":0.93}]`; the class is null if the worker
/// didn't report it.
nlohmann::ordered_json labels_json(const std::vector<protocol::RankedLabel>& top);

/// `{"queue":1,"transfer":2,"decode":3,"resize":4,"forward":5,"total":16}`, in milliseconds.
nlohmann::ordered_json times_json(const HistoryTimes& times);

}  // namespace samoyed::dispatcher
