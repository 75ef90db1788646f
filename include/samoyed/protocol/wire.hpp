#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "samoyed/protocol/image_formats.hpp"
#include "samoyed/protocol/result.hpp"

namespace samoyed::protocol {

/// Determines the format of results on a connection, and whether sizes may carry options.
enum class Dialect {
  plain,     ///< As used by the reference peers: `label:probability` five times.
  extended,  ///< After a hello: results are compact JSON, and sizes may carry options.
};

/// The payload of a client's first message if it wants the extended dialect.
inline constexpr std::string_view hello_payload = "hello";

/// Largest thumbnail that a size message may request, in pixels of its longer side.
inline constexpr int thumbnail_side_max = 256;

/// Largest JPEG file that a result may carry as its thumbnail. Even random noise of the largest
/// thumbnail size needs less.
inline constexpr std::size_t thumbnail_bytes_max = std::size_t{128} << 10;

/// A worker's description of itself, sent as the reply to hello.
struct WorkerHello {
  std::string model;
  std::uint64_t label_count = 0;
  bool trained = true;
  std::uint64_t image_bytes_max = 0;
  /// True if the worker's queue is full at the moment.
  bool busy = false;
  /// True if a size message may say how long the client waits (`timeout_ms`).
  bool takes_timeout = false;
  /// True if a size message may request a small JPEG of the image (`thumbnail`).
  bool takes_thumbnail = false;
  /// True if an image message may be sent before its size message was answered.
  bool takes_pipelining = false;
  /// How far the worker has confined itself: `full`, `partial` or `off`. Empty if it doesn't say.
  std::string sandbox = {};
  /// The image formats that the worker reads, as far as this program knows them.
  ImageFormatSet formats = original_image_formats;
  /// How many images it recognizes at the same time; 0 if it doesn't say.
  std::uint64_t threads = 0;
  /// True if the worker is about to stop. It still answers images, but they should go elsewhere.
  bool draining = false;

  bool operator==(const WorkerHello&) const = default;
};

/// The content of a size message's payload.
struct SizeRequest {
  /// Length of the image's base64 text.
  std::uint64_t text_length = 0;
  /// Number of labels requested; std::nullopt if the message has no `top`.
  std::optional<int> top = std::nullopt;
  /// How long the client waits for the result, starting now; std::nullopt if the message has no
  /// `timeout_ms`.
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  /// Longer side of the requested thumbnail in pixels, 1..thumbnail_side_max; std::nullopt if the
  /// message has no `thumbnail`.
  std::optional<int> thumbnail_side = std::nullopt;

  bool operator==(const SizeRequest&) const = default;
};

/// Why a size message's payload could not be parsed.
enum class SizeError {
  no_number,       ///< Not a number. The connection ends after the A, as with a reference server.
  unknown_option,  ///< The number is valid, but an option is not. A refusal follows the image.
};

struct ParsedSize {
  SizeRequest request;
  std::optional<SizeError> error;
};

/// Formats and parses a size message's payload: `881840`, or in the extended dialect
/// `881840;top=10;timeout_ms=30000;thumbnail=96`.
std::string format_size(const SizeRequest& request);
ParsedSize parse_size(std::string_view payload, Dialect dialect);

/// Formats a hello reply as one line of compact JSON, and parses it. Returns std::nullopt if the
/// payload is not a hello reply of this protocol.
std::string format_hello(const WorkerHello& hello);
std::optional<WorkerHello> parse_hello(std::string_view payload);

/// Formats a result's payload in a dialect, and parses it. Returns std::nullopt if it can't be
/// parsed.
std::string format_result(const Result& result, Dialect dialect);
std::optional<Result> parse_result(std::string_view payload, Dialect dialect);

/// Returns the shortest digits that parse to the same number, in the form of Python's `str(float)`:
/// `0.93`, `1.0`, `1e-05`. The number must be in 0..1.
std::string format_probability(double probability);

/// The text of a reason on the wire, for example `too large`.
std::string_view to_string(RefusalReason reason);
RefusalReason parse_refusal_reason(std::string_view text);

}  // namespace samoyed::protocol
