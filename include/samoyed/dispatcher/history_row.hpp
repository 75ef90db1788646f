#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/protocol/result.hpp"

namespace samoyed::dispatcher {

/// Increases with every row of a history and is never reused. The first is 1.
using HistoryId = std::int64_t;

/// How an image was submitted.
enum class HistorySource { page, api, job };

/// `page`, `api`, `job`.
std::string to_string(HistorySource source);

/// Where the time of one recognition went, in milliseconds. A phase that was not reported is 0.
struct HistoryTimes {
  double queue_ms = 0;     ///< In the worker's queue.
  double transfer_ms = 0;  ///< From the size message to the image's A.
  double decode_ms = 0;
  double resize_ms = 0;
  double forward_ms = 0;
  double total_ms = 0;  ///< From the request's start to the result, retries included.

  bool operator==(const HistoryTimes&) const = default;
};

/// One recognition. Text from clients and workers may contain any bytes. Text that exceeds the
/// limits below is truncated when the row is recorded.
struct HistoryRow {
  HistoryId id = 0;  ///< Assigned by the history.
  /// When the result arrived: milliseconds since 1970 in UTC.
  std::int64_t time_ms = 0;
  /// The visitor that owns the row: an opaque string, chosen by the web server, that doesn't reveal
  /// the visitor's cookie. If it is empty,
  /// only the operator may see the row.
  std::string visitor = {};
  /// The client's address, without a port.
  std::string client = {};
  HistorySource source = HistorySource::page;
  std::string request_id = {};
  std::string file_name = {};
  std::uint64_t image_bytes = 0;
  /// In pixels, as the image is shown; 0 if the worker didn't report them.
  int width = 0;
  int height = 0;
  std::string worker = {};  ///< `HOST:PORT`
  std::string model = {};   ///< Empty for a reference server.
  bool trained = true;
  /// Best first.
  std::vector<protocol::RankedLabel> top = {};
  HistoryTimes times = {};
  /// A small JPEG file. Pages of rows omit it and only set `has_thumbnail`.
  std::string thumbnail = {};
  bool has_thumbnail = false;

  bool operator==(const HistoryRow&) const = default;
};

/// Long enough for every name of a model.
inline constexpr std::size_t history_text_bytes_max = 256;
inline constexpr std::size_t history_labels_max = 100;
/// A larger thumbnail is not kept. A JPEG of 256 pixels takes about 10 kB.
inline constexpr std::size_t history_thumbnail_bytes_max = std::size_t{64} << 10;
}  // namespace samoyed::dispatcher
