#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/protocol/result.hpp"

namespace samoyed::dispatcher {

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

inline constexpr std::size_t history_text_bytes_max = 255;
inline constexpr std::size_t history_labels_max = 100;
/// A larger thumbnail is not kept. 256 pixels of JPEG are some 10 kB.
inline constexpr std::size_t history_thumbnail_bytes_max = std::size_t{64} << 10;
}  // namespace samoyed::dispatcher
