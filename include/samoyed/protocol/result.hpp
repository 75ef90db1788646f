#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace samoyed::protocol {

/// One line of an answer: a class of the network and how likely the network holds it.
struct RankedLabel {
  std::string label;
  /// Index of the class in the network's output, 0-based. A reference server doesn't send it.
  std::optional<int> class_index;
  /// Softmax output, 0..1: the network's float32, widened.
  double probability = 0;

  bool operator==(const RankedLabel&) const = default;
};

/// Where a worker's time for one image went, in milliseconds.
struct PhaseTimes {
  double queue_ms = 0;
  double decode_ms = 0;
  double resize_ms = 0;
  double forward_ms = 0;

  bool operator==(const PhaseTimes&) const = default;
};

/// What a worker saw in an image.
struct Recognition {
  /// Best first.
  std::vector<RankedLabel> top;
  /// Of the image as it is shown (EXIF orientation applied), in pixels; 0 if the worker
  /// didn't report it.
  int width = 0;
  int height = 0;
  std::optional<PhaseTimes> times;
  /// The bytes of a small JPEG file that shows the whole image; empty where none was asked for, or
  /// the worker made none.
  std::string thumbnail = {};

  bool operator==(const Recognition&) const = default;
};

/// Why a worker answered without a recognition. All but `busy` and `internal` are the image's
/// fault.
enum class RefusalReason {
  busy,             ///< The worker's queue is full: try another worker.
  too_large,        ///< More bytes than the worker takes.
  unreadable,       ///< Not an image in an accepted format, or damaged.
  too_many_pixels,  ///< Wider, higher or of more pixels than the worker decodes.
  bad_encoding,     ///< The message's payload was no base64.
  bad_option,       ///< The size message asked for something that the worker doesn't know.
  internal,         ///< The worker failed, and knows it.
  other,            ///< A reason that this version doesn't know.
};

/// A worker's answer to an image that it did not recognize.
struct Refusal {
  RefusalReason reason = RefusalReason::other;
  /// For a person: what was wrong, and what would be accepted. May be empty.
  std::string detail;

  bool operator==(const Refusal&) const = default;
};

/// What a worker answers to one image.
using Result = std::variant<Recognition, Refusal>;

}  // namespace samoyed::protocol
