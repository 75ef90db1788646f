#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/job.hpp"
#include "samoyed/dispatcher/outcome.hpp"
#include "web/routes/image_upload.hpp"
#include "web/routes/request_context.hpp"

namespace samoyed::web {

/// The row of the history for one answer to an image of `image_bytes`, at `time_ms` (milliseconds
/// since 1970 in UTC).
dispatcher::HistoryRow history_row(const std::string& file_name, std::uint64_t image_bytes,
                                   const dispatcher::Answer& answer, const RequestContext& context,
                                   std::int64_t time_ms);

/// The images of an upload as jobs. Copies them.
dispatcher::JobRequest job_request(const ImageUpload& upload, const RequestContext& context,
                                   std::optional<int> thumbnail_side);

}  // namespace samoyed::web
