#pragma once

#include <cstdint>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/outcome.hpp"

namespace samoyed::dispatcher {

/// The time of each phase of an answer.
HistoryTimes times_of(const Answer& answer);

/// The history row of an answer that arrived at `time_ms`, in milliseconds since 1970. The caller
/// adds the visitor, the client, the source, the request id and the file name.
HistoryRow recognized_row(const Answer& answer, std::uint64_t image_bytes, std::int64_t time_ms);

}  // namespace samoyed::dispatcher
