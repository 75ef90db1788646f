#include "worker/serving/null_recognizer.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <utility>

#include "samoyed/protocol/empty_file.hpp"

namespace samoyed::worker {
namespace {

/// Returns the 64-bit FNV-1a hash (draft-eastlake-fnv, section 2).
std::uint64_t hash(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0xCBF29CE484222325;
  for (const std::byte byte : bytes) {
    sum ^= std::to_integer<std::uint64_t>(byte);
    sum *= 0x100000001B3;
  }
  return sum;
}

/// Returns 0.25..0.5, computed from the upper 16 bits of the hash, which have no effect on the
/// class of a small network.
float best_probability(std::uint64_t hash) {
  return 0.25F + static_cast<float>(hash >> 48) / 0x1p18F;
}

}  // namespace

NullRecognizer::NullRecognizer(std::vector<std::string> labels)
    : labels_(std::move(labels)), description_{name, labels_.size(), false} {
  assert(!labels_.empty());
}

protocol::Result NullRecognizer::recognize(std::span<const std::byte> image_file,
                                           const RecognitionOptions& options) {
  if (image_file.empty()) {
    return protocol::Refusal{protocol::RefusalReason::unreadable,
                             std::string(protocol::empty_file_text)};
  }
  const std::uint64_t sum = hash(image_file);
  const std::size_t count = std::min(labels_.size(), static_cast<std::size_t>(options.top));
  protocol::Recognition recognition;
  recognition.top.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = (sum % labels_.size() + i) % labels_.size();
    const float probability = std::ldexp(best_probability(sum), -static_cast<int>(i));
    recognition.top.push_back({labels_[index], static_cast<int>(index), double{probability}});
  }
  recognition.times = protocol::PhaseTimes{};
  return recognition;
}

}  // namespace samoyed::worker
