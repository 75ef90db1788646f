#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace samoyed::worker {

/// A classifier of normalized images, ready to run.
///
/// Keeps the ways of running it, and their headers, out of all that is around the network. Thread
/// rule: `forward` may run on several threads at once, each with its own image.
class Network {
 public:
  Network() = default;
  virtual ~Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// What the network is called where nobody names it otherwise, for example `squeezenet1_1`.
  virtual std::string_view name() const = 0;
  virtual std::size_t class_count() const = 0;

  /// The logits, one a class, for one image as `normalize` gives it: three planes of rows. May use
  /// a second thread for as long as `alone` says that no other image is under way; it is asked
  /// often. Throws where memory ends.
  virtual std::vector<float> forward(std::span<const float> planes,
                                     const std::function<bool()>& alone) const = 0;
};

}  // namespace samoyed::worker
