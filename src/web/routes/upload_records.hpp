#pragma once

#include <cstdint>
#include <optional>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/job.hpp"
#include "samoyed/dispatcher/outcome.hpp"
#include "web/routes/upload.hpp"
#include "web/routes/visit.hpp"

namespace samoyed::web {

/// What the history is to keep of a picture that was recognised at `time_ms`, milliseconds since 1970. Of the
/// picture only its size is read.
dispatcher::HistoryRow record_of(const Upload& upload, const Picture& picture,
                                 const dispatcher::Answer& answer, const Visit& visit,
                                 std::int64_t time_ms);

/// An upload as jobs: its pictures are copied.
dispatcher::JobRequest jobs_of(const Upload& upload, const Visit& visit,
                               std::optional<int> thumbnail_side);

}  // namespace samoyed::web
