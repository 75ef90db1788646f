#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher {

///     waiting -- a worker is free --> running -- recognised ----> done
///        ^                               |
///        +-- busy, no worker, stop ------+------ the image's fault, cancelled --> failed
enum class JobState { waiting, running, done, failed };

/// `waiting`, `running`, `done`, `failed`.
std::string to_string(JobState state);

/// One image that is to be recognised when there is time for it.
struct Job {
  /// 128 random bits in hexadecimal: who knows it may see the job.
  std::string id;
  JobState state = JobState::waiting;
  /// Milliseconds since 1970 in UTC.
  std::int64_t submitted_ms = 0;
  std::int64_t changed_ms = 0;
  std::string file_name = {};
  std::uint64_t image_bytes = 0;
  /// Times that it was given to the workers.
  int attempts = 0;
  /// Why it failed, or why the last attempt put it back: a word of REASONS.md, `image_lost` or
  /// `cancelled`, and a sentence for a person. Empty otherwise.
  std::string reason = {};
  std::string detail = {};
  /// When it is done; without its thumbnail. Nothing if the visitor removed it, or it grew too old.
  std::optional<HistoryRow> result = std::nullopt;

  bool operator==(const Job&) const = default;
};

/// One image of a request. The whole file.
struct JobImage {
  std::string file_name;
  std::string bytes;
};

/// Images that are to be recognised, and for whom. The texts are cut as the history's are.
struct JobRequest {
  std::vector<JobImage> images;
  std::string visitor = {};
  std::string client = {};
  std::string request_id = {};
  /// Labels wanted, at most `history_labels_max`; nothing: five.
  std::optional<int> top = std::nullopt;
  /// Empty: any.
  std::string model = {};
  std::optional<int> thumbnail_side = std::nullopt;
};

enum class SubmitError {
  full,      ///< The spool's bound on images or bytes is reached, or its disk: again later.
  stopping,  ///< The dispatcher ends.
  storage,   ///< The disk failed; the log says more.
};

/// The jobs' ids in the order of the images, or why there are none: all are taken or none.
using Submitted = std::variant<std::vector<std::string>, SubmitError>;

}  // namespace samoyed::dispatcher
