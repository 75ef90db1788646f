#pragma once

#include <atomic>
#include <span>
#include <string>
#include <vector>

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
  /// False for what the reference does: a phone's image stays on its side.
  bool apply_exif_orientation = true;
  /// Reads large JPEGs at a fraction of their size: faster, with slightly other answers.
  bool fast_decode = false;
};

/// Turns image bytes into ranked labels by a network: decode, resize and crop, normalize, forward,
/// softmax.
///
/// Thread rule: `recognize` may run on several threads at once.
class NetworkRecognizer final : public Recognizer {
 public:
  explicit NetworkRecognizer(Model model, const ImageHandling& handling = {});

  const ModelDescription& description() const override;

  /// Classes of equal probability are in class order. `times.forward_ms` includes the ranking,
  /// `times.resize_ms` the normalization; a thumbnail's time is in none, except for decoding the
  /// whole image. Logits that are not finite end in a Refusal (`internal`).
  protocol::Result recognize(std::span<const std::byte> image_file,
                             const RecognitionOptions& options) override;

 private:
  std::vector<protocol::RankedLabel> rank(std::span<const float> probabilities, int top) const;

  Model model_;
  const Normalizer normalizer_;
  ImageHandling handling_;
  ModelDescription description_;
  /// Images being recognized: one that is alone may use a second thread.
  std::atomic<int> in_flight_ = 0;
  ObjectPool<ImageWorkspace> workspaces_{
      [](const ImageWorkspace& workspace) { return workspace.is_worth_keeping(); }};
};

/// The softmax of logits, as float32; empty if a logit is not finite.
std::vector<float> softmax(std::span<const float> logits);

}  // namespace samoyed::worker
