#pragma once

#include "dispatcher/libpq/connection.hpp"

namespace samoyed::dispatcher::postgres {

/// The database was made by a newer version of this program, which this one doesn't understand.
class NewerSchemaError : public StorageError {
  using StorageError::StorageError;
};

/// Creates the tables, or brings them to this program's version, in the schema `samoyed`. If
/// several dispatchers do that at the same time, one does it and the others wait.
///
///     schema_version  one row: the tables' version, and the oldest program version that may use
///                     them, so that dispatchers can be updated one after the other
///     dispatcher      one row for each: its lease
///     job             unfinished jobs only; `owner` and `claims` identify the current claim
///     job_image       images by the job's id: of unfinished jobs, apart from the row that changes
///                     often, and of those that are being submitted
///     job_end         finished jobs; `owner` and `claims` tell whose result was recorded
///     recognition     one row for each; thumbnail: JPEG files by the recognition's id
///     removal         one row for each visitor whose rows are being removed
///     adoption        one row for each visitor whose rows go to another id
///     writer_mark     the last transaction in which a dispatcher recorded rows
///     setting         values that all dispatchers share, such as the key of visitors' cookies
///
/// All times are in milliseconds since 1970, those of jobs and leases by the database's clock
/// (`now_ms()`). Throws StorageError.
void migrate(Connection& connection);

}  // namespace samoyed::dispatcher::postgres
