#include "dispatcher/jobs/job_request.hpp"

#include <utility>

#include "samoyed/io/random.hpp"

namespace samoyed::dispatcher {

std::vector<JobRow> rows_of(const JobRequest& request, std::int64_t now_ms, ClientJobs& clients) {
  std::vector<JobRow> rows;
  for (const JobImage& image : request.images) {
    JobRow row{.job = {.id = io::random_hex(io::id_bytes),
                       .submitted_ms = now_ms,
                       .file_name = image.file_name,
                       .image_bytes = image.size()},
               .visitor = request.visitor,
               .client = request.client,
               .request_id = request.request_id,
               .top = request.top,
               .model = request.model,
               .thumbnail_side = request.thumbnail_side,
               .turn = clients.add(request.client, image.size())};
    rows.push_back(std::move(row));
  }
  return rows;
}

std::optional<SubmitError> find_obstacle(const JobRequest& request, const Jobs::Load& load,
                                         const ClientJobs& clients, const JobsOptions& options) {
  std::uint64_t bytes = 0;
  for (const JobImage& image : request.images) bytes += image.size();
  const bool has_room = load.waiting + load.running + request.images.size() <= options.images_max &&
                        load.bytes + bytes <= options.bytes_max;
  if (!has_room) return SubmitError::full;
  if (!clients.may_add(request.client, request.images.size(), bytes, options)) {
    return SubmitError::client_share;
  }
  return std::nullopt;
}

}  // namespace samoyed::dispatcher
