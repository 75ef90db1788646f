#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher {

///     waiting -- a worker is free --> running -- recognized ----> done
///        ^                               |
///        +-- busy, no worker, stop ------+------ bad image, cancelled --> failed
enum class JobState { waiting, running, done, failed };

/// `waiting`, `running`, `done`, `failed`.
std::string to_string(JobState state);

/// One image that waits until a worker is free to recognize it.
struct Job {
  /// 128 random bits in hexadecimal. Anyone who knows the id can see the job.
  std::string id;
  JobState state = JobState::waiting;
  /// Milliseconds since 1970 in UTC.
  std::int64_t submitted_ms = 0;
  std::int64_t changed_ms = 0;
  std::string file_name = {};
  std::uint64_t image_bytes = 0;
  /// How many times the image was sent to workers.
  int attempts = 0;
  /// Why the job failed, or why the last attempt put it back. `reason` is a reason code from
  /// REASONS.md, `image_lost` or `cancelled`; `detail` is a sentence for people. Both are empty
  /// otherwise.
  std::string reason = {};
  std::string detail = {};
  /// The result of a finished job, without its thumbnail. std::nullopt if the visitor removed it or
  /// its retention has passed.
  std::optional<HistoryRow> result = std::nullopt;

  bool operator==(const Job&) const = default;
};

enum class SubmitError {
  full,          ///< Too many images are waiting. The client may try again later.
  client_share,  ///< The client has its share of the waiting images. Others may submit some.
  stopping,      ///< The dispatcher is shutting down.
  storage,       ///< The disk is full or failed; the log has the details.
};

/// The ids of the jobs in the order of the images, or why all of them were rejected.
using Submitted = std::variant<std::vector<std::string>, SubmitError>;

}  // namespace samoyed::dispatcher
