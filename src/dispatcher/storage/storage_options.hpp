#pragma once

#include <filesystem>

#include "samoyed/dispatcher/history_options.hpp"
#include "samoyed/dispatcher/jobs_options.hpp"

namespace samoyed::dispatcher {

/// What a dispatcher keeps, and for how long.
struct StorageOptions {
  /// Holds `history.sqlite` and `spool/`. Empty: the dispatcher keeps neither a history nor jobs.
  std::filesystem::path folder;
  HistoryOptions history;
  JobsOptions jobs;
};

}  // namespace samoyed::dispatcher
