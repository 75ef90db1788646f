#include "worker/network/network_recognizer.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <memory>
#include <numeric>
#include <utility>
#include <variant>

#include "worker/decoders/image_decoder.hpp"
#include "worker/image/exif.hpp"
#include "worker/image/normalize.hpp"
#include "worker/image/thumbnail.hpp"

namespace samoyed::worker {
namespace {

/// Milliseconds since the last call, or since construction.
class Stopwatch {
 public:
  double lap_ms() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double, std::milli> lap = now - std::exchange(last_, now);
    return lap.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// Counts an image during this object's lifetime.
class InFlight {
 public:
  explicit InFlight(std::atomic<int>& count) : count_(count) { ++count_; }
  ~InFlight() { --count_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  std::atomic<int>& count_;
};

}  // namespace

std::vector<float> softmax(std::span<const float> logits) {
  const auto finite = [](float logit) { return std::isfinite(logit); };
  if (logits.empty() || !std::all_of(logits.begin(), logits.end(), finite)) return {};
  const float highest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> powers;
  powers.reserve(logits.size());
  for (const float logit : logits) powers.push_back(std::exp(double{logit} - double{highest}));
  const double sum = std::accumulate(powers.begin(), powers.end(), 0.0);
  std::vector<float> probabilities;
  probabilities.reserve(logits.size());
  for (const double power : powers) probabilities.push_back(static_cast<float>(power / sum));
  return probabilities;
}

NetworkRecognizer::NetworkRecognizer(Model model, const ImageHandling& handling)
    : model_(std::move(model)),
      normalizer_(model_.preprocessing.normalization),
      handling_(handling),
      description_{model_.name, model_.labels.size(), model_.trained} {
  assert(model_.labels.size() == model_.network->class_count());
}

const ModelDescription& NetworkRecognizer::description() const { return description_; }

protocol::Result NetworkRecognizer::recognize(std::span<const std::byte> image_file,
                                              const RecognitionOptions& options) {
  assert(options.top >= 1);
  const InFlight counted(in_flight_);
  protocol::Recognition recognition;
  protocol::PhaseTimes times;
  const auto workspace = workspaces_.take([] { return std::make_unique<ImageWorkspace>(); });
  const CropSpec& crop_spec = model_.preprocessing.crop_spec;
  workspace->planes.resize(model_.preprocessing.planes_floats());
  // For a thumbnail, decoding the whole JPEG once costs less than decoding its crop first and then
  // the whole again at a small size.
  const DecodeOptions decoding{.apply_exif_orientation = handling_.apply_exif_orientation,
                               .only_crop = !options.thumbnail_side,
                               .reduced = handling_.fast_decode,
                               .accept_truncated = handling_.accept_truncated,
                               .crop_spec = crop_spec};
  Stopwatch stopwatch;
  auto decoded =
      handling_.decode(image_file, handling_.limits, decoding, std::move(workspace->pixels));
  times.decode_ms = stopwatch.lap_ms();
  if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) return *refusal;
  auto& image = std::get<DecodedImage>(decoded);
  const Size size = apply_orientation(image.full, image.orientation);
  recognition.width = size.width;
  recognition.height = size.height;
  recognition.truncated = image.truncated;
  normalizer_.normalize(workspace->resizer.resize_and_crop(image, crop_spec), workspace->planes);
  times.resize_ms = stopwatch.lap_ms();
  const std::vector<float> probabilities = softmax(
      model_.network->forward(workspace->planes, [this] { return in_flight_.load() == 1; }));
  if (probabilities.empty()) {
    return protocol::Refusal{protocol::RefusalReason::internal,
                             "The network computed values that are not finite."};
  }
  recognition.top = rank(probabilities, options.top);
  times.forward_ms = stopwatch.lap_ms();
  if (options.thumbnail_side)
    recognition.thumbnail = make_thumbnail(image, *options.thumbnail_side);
  workspace->pixels = std::move(image.pixels.rgb);
  recognition.times = times;
  return recognition;
}

std::vector<protocol::RankedLabel> NetworkRecognizer::rank(std::span<const float> probabilities,
                                                           int top) const {
  std::vector<std::size_t> classes(probabilities.size());
  std::iota(classes.begin(), classes.end(), std::size_t{0});
  const std::size_t count = std::min(classes.size(), static_cast<std::size_t>(top));
  std::partial_sort(
      classes.begin(), classes.begin() + static_cast<std::ptrdiff_t>(count), classes.end(),
      [&](std::size_t a, std::size_t b) {
        return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
      });
  std::vector<protocol::RankedLabel> ranked;
  ranked.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = classes[i];
    ranked.push_back({model_.labels[index], static_cast<int>(index), double{probabilities[index]}});
  }
  return ranked;
}

}  // namespace samoyed::worker
