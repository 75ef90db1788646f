#include "web/routes/upload_records.hpp"

#include "samoyed/dispatcher/recognized_row.hpp"
#include "web/access/visitor.hpp"

namespace samoyed::web {

bool is_ownerless(const Services& services, const RequestContext& context) {
  return context.visitor == no_visitor && !services.storage_available();
}

dispatcher::HistoryRow history_row(const std::string& file_name, std::uint64_t image_bytes,
                                   const dispatcher::Answer& answer, const RequestContext& context,
                                   std::int64_t time_ms) {
  const bool page = context.route.errors == ErrorFormat::page;
  dispatcher::HistoryRow row = dispatcher::recognized_row(answer, image_bytes, time_ms);
  if (context.visitor != no_visitor) row.visitor = context.visitor;
  row.client = context.address;
  row.source = page ? dispatcher::HistorySource::page : dispatcher::HistorySource::api;
  row.request_id = context.request_id;
  row.file_name = file_name;
  return row;
}

dispatcher::JobRequest job_request(const ImageUpload& upload, const RequestContext& context,
                                   std::optional<int> thumbnail_side) {
  dispatcher::JobRequest jobs;
  // Without a history, visitors get no cookie. Their jobs are still kept, but only the operator
  // sees the results.
  if (context.visitor != no_visitor) jobs.visitor = context.visitor;
  jobs.client = context.address;
  jobs.request_id = context.request_id;
  jobs.top = upload.top;
  jobs.model = upload.model;
  jobs.thumbnail_side = thumbnail_side;
  return jobs;
}

}  // namespace samoyed::web
