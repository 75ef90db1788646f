#include "web/routes/upload_records.hpp"

#include <utility>

#include "samoyed/dispatcher/recognized_row.hpp"
#include "web/access/visitor.hpp"

namespace samoyed::web {

dispatcher::HistoryRow record_of(const Upload& upload, const Picture& picture,
                                 const dispatcher::Answer& answer, const Visit& visit,
                                 std::int64_t time_ms) {
  dispatcher::HistoryRow row = dispatcher::recognized_row(answer, picture.image.size(), time_ms);
  row.visitor = visit.visitor;
  row.client = visit.address;
  row.source = upload.style == Style::page ? dispatcher::HistorySource::page
                                           : dispatcher::HistorySource::api;
  row.request_id = visit.request_id;
  row.file_name = picture.file_name;
  return row;
}

dispatcher::JobRequest jobs_of(const Upload& upload, const Visit& visit,
                               std::optional<int> thumbnail_side) {
  dispatcher::JobRequest jobs;
  for (const Picture& picture : upload.pictures) {
    jobs.images.push_back({picture.file_name, std::string(picture.image)});
  }
  // Without a history visitors get no cookie, but jobs are kept all the same: as nobody's but the operator's.
  if (visit.visitor != no_visitor) jobs.visitor = visit.visitor;
  jobs.client = visit.address;
  jobs.request_id = visit.request_id;
  jobs.top = upload.top;
  jobs.model = upload.model;
  jobs.thumbnail_side = thumbnail_side;
  return jobs;
}

}  // namespace samoyed::web
