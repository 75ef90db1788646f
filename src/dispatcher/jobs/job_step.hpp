#pragma once

#include <functional>

namespace samoyed::dispatcher {

/// The steps that a job takes through the disk. A test ends the program after each of them.
enum class JobStep {
  image_written,
  image_renamed,
  folder_synced,
  rows_committed,
  claimed,
  recognized,
  result_inserted,  ///< In the transaction that is not yet committed.
  result_committed,
  image_removed,
};
using OnJobStep = std::function<void(JobStep)>;

}  // namespace samoyed::dispatcher
