#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "samoyed/protocol/result.hpp"

namespace samoyed::worker {

/// What a recognizer is, as hello tells it.
struct ModelDescription {
  /// For example `squeezenet1_1`.
  std::string name;
  std::size_t label_count = 0;
  /// False for weights that were made by arithmetic: the labels then mean nothing.
  bool trained = true;
};

/// Turns the bytes of an image file into ranked labels.
///
/// Keeps LibTorch's headers out of all who only want an answer. Thread rule: `recognize` may run on
/// several threads at once, each with its own image.
class Recognizer {
 public:
  virtual ~Recognizer() = default;

  virtual const ModelDescription& description() const = 0;

  /// `image_file` is a whole JPEG, PNG, BMP or WebP file; `top` the number of labels wanted, at
  /// least 1 (a network with fewer classes gives as many as it has). Never throws for what is wrong
  /// with the image: that is a Refusal. `times.queue_ms` is left 0 for the queue to fill in.
  virtual protocol::Result recognize(std::span<const std::byte> image_file, int top) = 0;
};

}  // namespace samoyed::worker
