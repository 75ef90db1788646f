#include "dispatcher/jobs/job_recovery.hpp"

#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "dispatcher/jobs/job_rows.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher {
namespace {

std::set<std::string> set_of(const std::vector<std::string>& ids) {
  return {ids.begin(), ids.end()};
}

/// Removes the images of finished jobs, and moves away those that no job knows.
void clear_spool(Database& database, const Spool& spool, const std::set<std::string>& orphans) {
  std::size_t lost = 0;
  for (const std::string& id : orphans) {
    if (find_job(database, id).has_value()) {
      spool.remove(id);
    } else {
      spool.set_aside(id);
      ++lost;
    }
  }
  if (lost == 0) return;
  spdlog::warn("moved {} images whose jobs aren't in the database to {}", lost,
               spool.lost_folder().string());
}

}  // namespace

UnfinishedJobs recover_jobs(Database& database, const Spool& spool,
                            const std::vector<std::string>& interrupted, Orphans orphans) {
  // In this order, an image that is renamed meanwhile is in at least one of them.
  const std::set<std::string> incomplete = set_of(spool.incomplete_ids());
  std::set<std::string> images = set_of(spool.ids());
  std::set<std::string> unknown = set_of(interrupted);
  Jobs::Load load;
  std::vector<JobRow> kept;
  database.execute("PRAGMA synchronous = FULL");
  database.execute("BEGIN IMMEDIATE");
  wait_again(database);
  for (JobRow& row : unfinished_jobs(database)) {
    const std::string& id = row.job.id;
    if (unknown.erase(id) == 1) spool.complete(id);
    if (images.erase(id) == 1 || incomplete.contains(id) || spool.bring_back(id)) {
      ++load.waiting;
      load.bytes += row.job.image_bytes;
      kept.push_back(std::move(row));
      continue;
    }
    fail_unfinished_job(
        database, id,
        {.reason = "image_lost", .detail = "The picture's file is missing from the spool folder."},
        io::wall_clock_ms());
  }
  database.execute("COMMIT");
  for (const std::string& id : unknown) spool.remove_incomplete(id);
  if (orphans == Orphans::set_aside) {
    clear_spool(database, spool, images);
  } else if (!images.empty()) {
    spdlog::warn("kept {} images in the spool folder whose jobs aren't in the database",
                 images.size());
  }
  return {.load = load, .clients = ClientJobs(kept)};
}

}  // namespace samoyed::dispatcher
