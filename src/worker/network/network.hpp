#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace samoyed::worker {

/// A classifier of normalized images, ready to run.
///
/// This is an interface so that its users don't include the headers of any particular network.
/// Thread rule: `forward` may run on several threads at once, each with its own image.
class Network {
 public:
  Network() = default;
  virtual ~Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// The model's default name, for example `squeezenet1_1`.
  virtual std::string_view name() const = 0;
  virtual std::size_t class_count() const = 0;

  /// Returns the logits, one per class, for one image as `normalize` produces it: three planes of
  /// rows. May use a second thread as long as `alone`, which is called often, returns true, meaning
  /// that no other image is in flight. Throws when memory runs out.
  virtual std::vector<float> forward(std::span<const float> planes,
                                     const std::function<bool()>& alone) const = 0;
};

}  // namespace samoyed::worker
