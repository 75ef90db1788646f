#pragma once

#include <string>
#include <vector>

#include "dispatcher/history/sqlite.hpp"
#include "dispatcher/jobs/client_jobs.hpp"
#include "dispatcher/jobs/spool.hpp"
#include "samoyed/dispatcher/jobs.hpp"

namespace samoyed::dispatcher {

/// What happens to images that no job in the database knows. Their jobs may be in another database,
/// so they are never deleted.
enum class Orphans {
  set_aside,  ///< They are moved to the folder `lost`. For a start.
  keep,       ///< They stay. For a database that is opened while jobs may be submitted.
};

/// Makes the jobs and the spool consistent after a database was opened, before anything else uses
/// them. Running jobs wait again. A job whose image is missing gets it back from the folder `lost`,
/// or fails. Images of finished jobs are removed by a start. `interrupted` holds the ids of images
/// whose submission a crash may have interrupted (`Spool::incomplete_ids` of the start): those
/// without a job were never acknowledged, and are removed. Returns the unfinished jobs. Throws
/// StorageError and std::system_error.
UnfinishedJobs recover_jobs(Database& database, const Spool& spool,
                            const std::vector<std::string>& interrupted, Orphans orphans);

}  // namespace samoyed::dispatcher
