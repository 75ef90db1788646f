#pragma once

#include <atomic>
#include <span>
#include <string>
#include <vector>

#include "worker/image.hpp"
#include "worker/image_workspace.hpp"
#include "worker/model_file.hpp"
#include "worker/recognizer.hpp"
#include "worker/squeezenet.hpp"

namespace samoyed::worker {

/// What a recognizer does with the bytes of an image before the network sees it.
struct ImageHandling {
  DecodeLimits limits;
  /// False for the reference's way, which leaves a phone's picture on its side.
  bool apply_exif_orientation = true;
  /// Reads large JPEGs at a fraction of their size: faster, with slightly other answers.
  bool fast_decode = false;
};

/// Image bytes to ranked labels by SqueezeNet: decode, resize and crop, normalise, forward,
/// softmax.
///
/// Thread rule: `recognize` may run on several threads at once.
class SqueezenetRecognizer final : public Recognizer {
 public:
  /// `labels` are the names of the network's classes, in class order. Throws std::runtime_error
  /// with one line where the file is no SqueezeNet or has another number of classes, or where this
  /// processor doesn't support the precision.
  SqueezenetRecognizer(const ModelFile& file, std::vector<std::string> labels,
                       const ImageHandling& handling = {}, const Squeezenet::Options& network = {});

  const ModelDescription& description() const override;

  /// Classes of equal probability stand in class order. `times.forward_ms` includes the ranking,
  /// `times.resize_ms` the normalisation; what a thumbnail takes is in none, but for the decoding of
  /// the whole. A network that computes no finite numbers is a Refusal (`internal`).
  protocol::Result recognize(std::span<const std::byte> image_file,
                             const RecognitionWish& wish) override;

 private:
  std::vector<protocol::RankedLabel> rank(std::span<const float> probabilities, int top) const;

  Squeezenet network_;
  std::vector<std::string> labels_;
  ImageHandling handling_;
  ModelDescription description_;
  /// Images being recognised: one that is alone may use a second thread.
  std::atomic<int> under_way_ = 0;
  ImageWorkspaces workspaces_;
};

/// The softmax of logits, as float32; empty where a logit is not finite.
std::vector<float> softmax(std::span<const float> logits);

}  // namespace samoyed::worker
