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

/// What a recognizer does with the bytes of an image before the network sees it.
struct ImageHandling {
  DecodeLimits limits;
  /// False for the reference's way, which leaves a phone's image on its side.
  bool apply_exif_orientation = true;
  /// Reads large JPEGs at a fraction of their size: faster, with slightly other answers.
  bool fast_decode = false;
};

/// Image bytes to ranked labels by a network: decode, resize and crop, normalize, forward, softmax.
///
/// Thread rule: `recognize` may run on several threads at once.
class NetworkRecognizer final : public Recognizer {
 public:
  explicit NetworkRecognizer(Model model, const ImageHandling& handling = {});

  const ModelDescription& description() const override;

  /// Classes of equal probability stand in class order. `times.forward_ms` includes the ranking,
  /// `times.resize_ms` the normalization; what a thumbnail takes is in none, but for the decoding of
  /// the whole. A network that computes no finite numbers is a Refusal (`internal`).
  protocol::Result recognize(std::span<const std::byte> image_file,
                             const RecognitionOptions& options) override;

 private:
  std::vector<protocol::RankedLabel> rank(std::span<const float> probabilities, int top) const;

  Model model_;
  const Normalizer normalizer_;
  ImageHandling handling_;
  ModelDescription description_;
  /// Images being recognized: one that is alone may use a second thread.
  std::atomic<int> under_way_ = 0;
  ObjectPool<ImageWorkspace> workspaces_{
      [](const ImageWorkspace& workspace) { return workspace.is_worth_keeping(); }};
};

/// The softmax of logits, as float32; empty where a logit is not finite.
std::vector<float> softmax(std::span<const float> logits);

}  // namespace samoyed::worker
