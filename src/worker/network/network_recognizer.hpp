#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "worker/decoders/image_decoder.hpp"
#include "worker/image/image.hpp"
#include "worker/image/image_workspace.hpp"
#include "worker/image/normalize.hpp"
#include "worker/image/object_pool.hpp"
#include "worker/network/model.hpp"
#include "worker/serving/recognizer.hpp"

namespace samoyed::worker {

/// How a recognizer reads image files.
struct ImageHandling {
  DecodeLimits limits;
  /// False to do what the reference does: a photo that a phone took sideways stays on its side.
  bool apply_exif_orientation = true;
  /// True to decode large JPEGs at a fraction of their size, which is faster and changes the
  /// results slightly.
  bool fast_decode = false;
  /// True to recognize a file that ends early, with gray below.
  bool accept_truncated = false;
  /// decode_image, or a function that does the same in another process.
  std::function<DecodeResult(std::span<const std::byte> file, const DecodeLimits& limits,
                             const DecodeOptions& options, std::vector<std::uint8_t> memory)>
      decode = decode_image;
};

/// Turns image bytes into ranked labels: decodes, resizes and crops, normalizes, runs the network's
/// forward pass, and applies the softmax.
///
/// Thread rule: `recognize` may run on several threads at once.
class NetworkRecognizer final : public Recognizer {
 public:
  explicit NetworkRecognizer(Model model, const ImageHandling& handling = {});

  const ModelDescription& description() const override;

  /// Classes with equal probabilities are in class order. `times.forward_ms` includes the ranking
  /// and `times.resize_ms` the normalization. The time for making a thumbnail is in none of them,
  /// but `times.decode_ms` is then the time to decode the whole image. Logits that are not finite
  /// lead to a Refusal (`internal`).
  protocol::Result recognize(std::span<const std::byte> image_file,
                             const RecognitionOptions& options) override;

 private:
  std::vector<protocol::RankedLabel> rank(std::span<const float> probabilities, int top) const;

  Model model_;
  const Normalizer normalizer_;
  ImageHandling handling_;
  ModelDescription description_;
  /// Images that are being recognized. If there is only one, it may use a second thread.
  std::atomic<int> in_flight_ = 0;
  ObjectPool<ImageWorkspace> workspaces_{
      [](const ImageWorkspace& workspace) { return workspace.is_worth_keeping(); }};
};

/// Returns the softmax of the logits as float32, or an empty vector if a logit is not finite.
std::vector<float> softmax(std::span<const float> logits);

}  // namespace samoyed::worker
