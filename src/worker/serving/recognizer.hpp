#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "samoyed/protocol/result.hpp"

namespace samoyed::worker {

/// Describes a recognizer, as in the protocol's hello.
struct ModelDescription {
  /// For example `squeezenet1_1`.
  std::string name;
  std::size_t label_count = 0;
  /// False for weights that were made by arithmetic: the labels then mean nothing.
  bool trained = true;
};

/// What a client requests of one image.
struct RecognitionOptions {
  /// Implicit, since most callers request labels only.
  RecognitionOptions(int labels, std::optional<int> thumbnail = std::nullopt)
      : top(labels), thumbnail_side(thumbnail) {}

  /// Labels, at least 1; a network with fewer classes gives as many as it has.
  int top;
  /// Pixels of the longer side of the thumbnail, at least 1, if one is wanted.
  std::optional<int> thumbnail_side;
};

/// Turns the bytes of an image file into ranked labels.
///
/// An interface, so that its users don't include LibTorch's headers. Thread rule: `recognize` may
/// run on several threads at once, each with its own image.
class Recognizer {
 public:
  virtual ~Recognizer() = default;

  virtual const ModelDescription& description() const = 0;

  /// `image_file` is a whole file of one of protocol::image_formats. Never throws for what is wrong
  /// with the image: that is a Refusal. The labels don't depend on whether a thumbnail is wanted,
  /// and one that can't be made is left out. `times.queue_ms` is left 0 for the queue to fill in.
  virtual protocol::Result recognize(std::span<const std::byte> image_file,
                                     const RecognitionOptions& options) = 0;
};

}  // namespace samoyed::worker
