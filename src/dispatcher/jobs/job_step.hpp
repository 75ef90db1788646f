#pragma once

#include <functional>

namespace samoyed::dispatcher {

/// The steps by which a job is written to disk and carried out. A test kills the program after each
/// of them.
enum class JobStep {
  image_written,
  folder_synced,
  rows_committed,
  image_renamed,
  claimed,
  recognized,
  result_inserted,  ///< In a transaction that is not committed yet.
  result_committed,
  image_removed,
};
using OnJobStep = std::function<void(JobStep)>;

}  // namespace samoyed::dispatcher
