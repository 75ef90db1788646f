#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "samoyed/dispatcher/history_row.hpp"
#include "samoyed/dispatcher/jobs.hpp"
#include "samoyed/dispatcher/outcome.hpp"
#include "web/routes/image_upload.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

namespace samoyed::web {

/// Whether what would be kept for this upload belongs to nobody, because there is no key for
/// visitors' cookies yet. It must not be kept then: nobody could ever see it.
bool is_ownerless(const Services& services, const RequestContext& context);

/// Returns the history's row for the answer to an image of `image_bytes` bytes. `time_ms` is in
/// milliseconds since 1970 in UTC.
dispatcher::HistoryRow history_row(const std::string& file_name, std::uint64_t image_bytes,
                                   const dispatcher::Answer& answer, const RequestContext& context,
                                   std::int64_t time_ms);

/// Returns a request for jobs without its images.
dispatcher::JobRequest job_request(const ImageUpload& upload, const RequestContext& context,
                                   std::optional<int> thumbnail_side);

}  // namespace samoyed::web
