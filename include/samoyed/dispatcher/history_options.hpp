#pragma once

#include <cstdint>

namespace samoyed::dispatcher {

/// What distinguishes one visitor from another.
enum class ResultsBy { cookie, address };

/// How results are kept and shown.
struct HistoryOptions {
  bool enabled = true;
  /// Rows older than this many days are removed.
  int days = 30;
  /// The oldest rows beyond this number are removed.
  std::uint64_t rows_max = 1000000;
  ResultsBy results_by = ResultsBy::cookie;
  bool thumbnails = true;
};

}  // namespace samoyed::dispatcher
