#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "samoyed/protocol/result.hpp"

namespace samoyed::protocol {

/// The form of results and the options on a connection.
enum class Dialect {
  plain,     ///< As the reference peers speak: `label:probability` five times.
  extended,  ///< After a hello: compact JSON, sizes may carry options.
};

/// The payload of the first message of a client that wants the extended dialect.
inline constexpr std::string_view hello_payload = "hello";

/// Largest thumbnail that a size may ask for, in pixels of its longer side.
inline constexpr int thumbnail_side_max = 256;

/// Longest JPEG file that a result may carry as its thumbnail: more than noise of that size needs.
inline constexpr std::size_t thumbnail_bytes_max = std::size_t{128} << 10;

/// A worker about itself: the reply to hello.
struct WorkerHello {
  std::string model;
  std::uint64_t label_count = 0;
  bool trained = true;
  std::uint64_t image_bytes_max = 0;
  /// The worker's queue is full at this moment.
  bool busy = false;
  /// A size may say how long its sender waits (`timeout_ms`).
  bool takes_timeout = false;
  /// A size may ask for a small JPEG of the image (`thumbnail`).
  bool takes_thumbnail = false;
  /// An image message may come before its size message was answered.
  bool takes_pipelining = false;

  bool operator==(const WorkerHello&) const = default;
};

/// What the payload of a size message asks for.
struct SizeRequest {
  /// Length of the image's base64 text.
  std::uint64_t text_length = 0;
  /// Labels wanted; std::nullopt if the message has no `top`.
  std::optional<int> top = std::nullopt;
  /// How long the sender waits for the result from now on; std::nullopt if the message has
  /// no `timeout_ms`.
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  /// Pixels of the longer side of the thumbnail wanted, 1..thumbnail_side_max; std::nullopt if the
  /// message has no `thumbnail`.
  std::optional<int> thumbnail_side = std::nullopt;

  bool operator==(const SizeRequest&) const = default;
};

/// Why a size message's payload was not understood.
enum class SizeError {
  no_number,       ///< Not a number: the connection ends after the A, as at a reference server.
  unknown_option,  ///< The number is readable, an option is not: a refusal follows the image.
};

struct ParsedSize {
  SizeRequest request;
  std::optional<SizeError> error;
};

/// `881840`, or in the extended dialect `881840;top=10;timeout_ms=30000;thumbnail=96`.
std::string format_size(const SizeRequest& request);
ParsedSize parse_size(std::string_view payload, Dialect dialect);

/// One line of compact JSON and back; std::nullopt if it is no hello of this protocol.
std::string format_hello(const WorkerHello& hello);
std::optional<WorkerHello> parse_hello(std::string_view payload);

/// A result's payload in a dialect, and back; std::nullopt if it can't be parsed.
std::string format_result(const Result& result, Dialect dialect);
std::optional<Result> parse_result(std::string_view payload, Dialect dialect);

/// The shortest digits that give the number back, in the form of Python's `str(float)`: `0.93`,
/// `1.0`, `1e-05`. For numbers in 0..1.
std::string format_probability(double probability);

/// The words of a reason on the wire, for example `too large`.
std::string_view to_string(RefusalReason reason);
RefusalReason parse_refusal_reason(std::string_view text);

}  // namespace samoyed::protocol
