#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace samoyed::protocol {

/// One entry of an answer: a class of the network and its probability.
struct RankedLabel {
  std::string label;
  /// Index of the class in the network's output, starting at 0. A reference server doesn't send it.
  std::optional<int> class_index;
  /// Softmax output, 0..1. It is the network's float32, converted to double.
  double probability = 0;

  bool operator==(const RankedLabel&) const = default;
};

/// The time that a worker spent on each phase of one image, in milliseconds.
struct PhaseTimes {
  double queue_ms = 0;
  double decode_ms = 0;
  double resize_ms = 0;
  double forward_ms = 0;

  bool operator==(const PhaseTimes&) const = default;
};

/// A worker's recognition of an image.
struct Recognition {
  /// Most likely label first.
  std::vector<RankedLabel> top;
  /// Size of the image as displayed (EXIF orientation applied), in pixels; 0 if the worker didn't
  /// report it.
  int width = 0;
  int height = 0;
  std::optional<PhaseTimes> times;
  /// The bytes of a small JPEG file that shows the whole image. Empty if none was requested or the
  /// worker didn't make one.
  std::string thumbnail = {};
  /// Whether the file ended early, so that the lower part of the image is gray. Only a worker that
  /// accepts truncated images reports this.
  bool truncated = false;

  bool operator==(const Recognition&) const = default;
};

/// Why a worker answered without a recognition. All reasons except `busy` and `internal` are the
/// fault of the image.
enum class RefusalReason {
  busy,             ///< The worker's queue is full. Try another worker.
  too_large,        ///< The file has more bytes than the worker accepts.
  unreadable,       ///< Not an image in an accepted format, or damaged.
  too_many_pixels,  ///< The width, height or pixel count is over the worker's limit.
  too_slow,         ///< Decoding the image takes more CPU time than the worker allows.
  bad_encoding,     ///< The message's payload was not base64.
  bad_option,       ///< The size message contained an option that the worker doesn't know.
  internal,         ///< The worker failed and reported it.
  other,            ///< A reason that this version doesn't know.
};

/// A worker's answer to an image that it did not recognize.
struct Refusal {
  RefusalReason reason = RefusalReason::other;
  /// A sentence for users: what was wrong and what would be accepted. May be empty.
  std::string detail;

  bool operator==(const Refusal&) const = default;
};

/// A worker's answer to one image.
using Result = std::variant<Recognition, Refusal>;

}  // namespace samoyed::protocol
