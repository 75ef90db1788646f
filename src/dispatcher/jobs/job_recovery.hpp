#pragma once

#include "dispatcher/history/sqlite.hpp"
#include "dispatcher/jobs/spool.hpp"
#include "samoyed/dispatcher/jobs.hpp"

namespace samoyed::dispatcher {

/// What happens to images without an unfinished job. They are kept if the database isn't the one
/// that they were submitted to, because their jobs may be in another one.
enum class Orphans { remove, keep };

/// Makes the jobs and the spool consistent after a database was opened, before anything else uses
/// them. Running jobs wait again, and jobs whose image is missing fail. Returns the remaining load.
/// Throws StorageError and std::system_error.
Jobs::Load recover_jobs(Database& database, const Spool& spool, Orphans orphans);

}  // namespace samoyed::dispatcher
