#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher {

// What every JSON text says of a recognition, whether it was just answered or is read from the history.

/// `[{"label":"Samoyed","class":258,"probability":0.93}]`; the class is null where the worker didn't tell.
nlohmann::ordered_json labels_json(const std::vector<protocol::RankedLabel>& top);

/// `{"queue":1,"transfer":2,"decode":3,"resize":4,"forward":5,"total":16}`, in milliseconds.
nlohmann::ordered_json times_json(const HistoryTimes& times);

}  // namespace samoyed::dispatcher
