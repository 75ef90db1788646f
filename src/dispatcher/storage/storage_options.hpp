#pragma once

#include <filesystem>
#include <string>

#include "samoyed/dispatcher/history_options.hpp"
#include "samoyed/dispatcher/jobs_options.hpp"

namespace samoyed::dispatcher {

/// What a dispatcher keeps, and for how long.
struct StorageOptions {
  /// Holds `history.sqlite` and `spool/`. If it and `url` are empty, the dispatcher keeps neither a
  /// history nor jobs.
  std::filesystem::path folder;
  /// A database of PostgreSQL, which is used instead of the folder. Empty: none.
  std::string url = {};
  /// The name of this dispatcher among those that share the database. Empty: a random one.
  std::string instance_name = {};
  HistoryOptions history = {};
  JobsOptions jobs = {};
};

}  // namespace samoyed::dispatcher
