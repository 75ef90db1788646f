#pragma once

#include <cstdint>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/outcome.hpp"

namespace samoyed::dispatcher {

/// Where an answer's time went.
HistoryTimes times_of(const Answer& answer);

/// What an answer tells of its recognition, at that time; whose it is, and what it was called, is the
/// caller's to add.
HistoryRow recognized_row(const Answer& answer, std::uint64_t image_bytes, std::int64_t time_ms);

}  // namespace samoyed::dispatcher
