#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/protocol/result.hpp"

namespace samoyed::dispatcher {

struct Answer;

/// Grows with every row of a history, never reused; 1 is the first.
using HistoryId = std::int64_t;

/// Which way an image came.
enum class HistorySource { page, api, job };

/// `page`, `api`, `job`.
std::string to_string(HistorySource source);

/// Where the time of one recognition went, in milliseconds; a phase that nobody told is 0.
struct HistoryTimes {
  double queue_ms = 0;     ///< In the worker's queue.
  double transfer_ms = 0;  ///< From the size message to the image's A.
  double decode_ms = 0;
  double resize_ms = 0;
  double forward_ms = 0;
  double total_ms = 0;  ///< From the request's start to the result, retries included.

  bool operator==(const HistoryTimes&) const = default;
};

/// One recognition. Texts from outside may hold any bytes; those longer than the limits below are cut
/// when the row is recorded.
struct HistoryRow {
  HistoryId id = 0;  ///< Given by the history.
  /// When the result was there: milliseconds since 1970 in UTC.
  std::int64_t time_ms = 0;
  /// Whose row it is: opaque here, chosen by the web server; empty: nobody's but the operator's.
  std::string visitor = {};
  /// The client's address, without a port.
  std::string client = {};
  HistorySource source = HistorySource::page;
  std::string request_id = {};
  std::string file_name = {};
  std::uint64_t image_bytes = 0;
  /// In pixels, as the image is shown; 0 where the worker didn't tell.
  int width = 0;
  int height = 0;
  std::string worker = {};  ///< `HOST:PORT`
  std::string model = {};   ///< Empty for a reference server.
  bool trained = true;
  /// Best first.
  std::vector<protocol::RankedLabel> top = {};
  HistoryTimes times = {};
  /// A small JPEG file. Rows that are found leave it out and only say that it is there.
  std::string thumbnail = {};
  bool has_thumbnail = false;

  bool operator==(const HistoryRow&) const = default;
};

/// Where an answer's time went.
HistoryTimes times_of(const Answer& answer);

/// What an answer tells of its recognition, at that time; whose it is, and what it was called, is the
/// caller's to add.
HistoryRow recognised_row(const Answer& answer, std::uint64_t image_bytes, std::int64_t time_ms);

inline constexpr std::size_t history_text_bytes_max = 255;
inline constexpr std::size_t history_labels_max = 100;
/// A larger thumbnail is not kept. 256 pixels of JPEG are some 10 kB.
inline constexpr std::size_t history_thumbnail_bytes_max = std::size_t{64} << 10;
/// Rows of one answer.
inline constexpr std::size_t history_page_rows_max = 200;

/// Which rows are wanted. They are given newest first.
struct HistoryQuery {
  /// Whose; nothing: everyone's, for the operator.
  std::optional<std::string> visitor = std::nullopt;
  /// Only rows with a smaller id: the last id of the page before.
  std::optional<HistoryId> before = std::nullopt;
  /// Only rows with a larger id, and of these the oldest: the first id of the page behind. Not with `before`.
  std::optional<HistoryId> after = std::nullopt;
  /// More than `history_page_rows_max` are never given.
  std::size_t rows_max = 50;
};

/// A part of the rows. An export asks for one after the other with `next_before` until there is none:
/// so it takes no more memory than one page, and rows that come meanwhile don't disturb it.
struct HistoryPage {
  std::vector<HistoryRow> rows;
  /// For the query's `before`; nothing after the last row.
  std::optional<HistoryId> next_before = std::nullopt;
  /// For the query's `after`; nothing where no rows are newer.
  std::optional<HistoryId> next_after = std::nullopt;

  bool operator==(const HistoryPage&) const = default;
};

/// What the pictures of the numbers are to cover.
struct HistoryStatisticsQuery {
  /// Whose; nothing: everyone's.
  std::optional<std::string> visitor = std::nullopt;
  /// From this time until before that one, in ms since 1970.
  std::int64_t from_ms = 0;
  std::int64_t until_ms = 0;
  /// Parts of equal length that the time is cut into, 1 to `buckets_max`.
  std::size_t buckets = 60;

  static constexpr std::size_t buckets_max = 500;
};

/// Numbers of the newest rows of a time.
struct HistoryStatistics {
  /// One recognition in the scatter plots.
  struct Point {
    std::uint64_t image_bytes = 0;
    std::uint64_t pixels = 0;  ///< 0 where the worker didn't tell.
    HistoryTimes times;

    bool operator==(const Point&) const = default;
  };
  /// What happened in one part of the time; percentiles of `total_ms` by nearest rank, 0 without rows.
  struct Bucket {
    std::int64_t from_ms = 0;
    std::size_t count = 0;
    double p50_ms = 0;
    double p90_ms = 0;
    double p99_ms = 0;

    bool operator==(const Bucket&) const = default;
  };
  /// Of all rows together; 0 without rows.
  struct Summary {
    double p50_ms = 0;
    double p90_ms = 0;
    double p99_ms = 0;
    HistoryTimes mean;

    bool operator==(const Summary&) const = default;
  };
  struct Share {
    std::string worker;
    std::size_t count = 0;
    double mean_ms = 0;  ///< Of `total_ms`.

    bool operator==(const Share&) const = default;
  };

  /// Newest first, at most `points_max`.
  std::vector<Point> points;
  /// Oldest first, without gaps.
  std::vector<Bucket> buckets;
  /// The busiest first, at most `shares_max`.
  std::vector<Share> workers;
  Summary summary;
  /// Rows that were counted.
  std::size_t rows = 0;
  /// There were more rows than `rows_max`: the oldest are left out.
  bool cut = false;

  static constexpr std::size_t points_max = 2000;
  static constexpr std::size_t shares_max = 100;
  static constexpr std::size_t rows_max = 200000;
};

/// By what a visitor is told from others.
enum class ResultsBy { cookie, address };

/// How results are kept and shown.
struct HistoryOptions {
  bool enabled = true;
  /// Rows older than it are removed.
  int days = 30;
  /// The oldest rows beyond it are removed.
  std::uint64_t rows_max = 1000000;
  ResultsBy results_by = ResultsBy::cookie;
  bool thumbnails = true;
};

}  // namespace samoyed::dispatcher
