#include "dispatcher/jobs/job_recovery.hpp"

#include <set>
#include <string>

#include <spdlog/spdlog.h>

#include "dispatcher/jobs/job_rows.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher {

Jobs::Load recover_jobs(Database& database, const Spool& spool, Orphans orphans) {
  const auto found = spool.ids();
  std::set<std::string> images(found.begin(), found.end());
  Jobs::Load load;
  database.execute("PRAGMA synchronous = FULL");
  database.execute("BEGIN IMMEDIATE");
  wait_again(database);
  for (JobRow& row : unfinished_jobs(database)) {
    if (images.erase(row.job.id) == 1) {
      ++load.waiting;
      load.bytes += row.job.image_bytes;
      continue;
    }
    fail_unfinished_job(
        database, row.job.id,
        {.reason = "image_lost", .detail = "The picture's file is missing from the spool folder."},
        io::wall_clock_ms());
  }
  database.execute("COMMIT");
  if (orphans == Orphans::remove) {
    for (const std::string& id : images) spool.remove(id);
  } else if (!images.empty()) {
    spdlog::warn("kept {} images in the spool folder whose jobs aren't in the database",
                 images.size());
  }
  return load;
}

}  // namespace samoyed::dispatcher
