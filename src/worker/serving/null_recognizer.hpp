#pragma once

#include <string>
#include <vector>

#include "worker/serving/recognizer.hpp"

namespace samoyed::worker {

/// Answers at once, without a network and without decoding (`--model null`). It serves load,
/// fault-injection and sanitizer runs of everything around the network.
///
/// The labels and probabilities are a pure function of the image's bytes, which may be anything, so
/// that tests notice a result that belongs to another image. An empty image is `unreadable`.
///
/// Thread rule: immutable once built; `recognize` may run on several threads at once.
class NullRecognizer final : public Recognizer {
 public:
  /// The value of `--model` that selects this recognizer.
  static constexpr const char* name = "null";

  /// `labels` must not be empty.
  explicit NullRecognizer(std::vector<std::string> labels);

  const ModelDescription& description() const override { return description_; }

  /// The best class is the FNV-1a hash of the bytes, modulo the number of labels; the other classes
  /// follow it in class order. The best probability is in 0.25..0.5 and comes from the hash too;
  /// each further one is half of the one before it. Width and height are 0 and there is never a
  /// thumbnail, because the image is not decoded.
  protocol::Result recognize(std::span<const std::byte> image_file,
                             const RecognitionOptions& options) override;

 private:
  std::vector<std::string> labels_;
  ModelDescription description_;
};

}  // namespace samoyed::worker
