#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace samoyed::worker {

/// A classifier of normalized images, ready to run.
///
/// An interface, so that its users include the headers of no particular network. Thread rule:
/// `forward` may run on several threads at once, each with its own image.
class Network {
 public:
  Network() = default;
  virtual ~Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// The default name of its model, for example `squeezenet1_1`.
  virtual std::string_view name() const = 0;
  virtual std::size_t class_count() const = 0;

  /// The logits, one a class, for one image as `normalize` gives it: three planes of rows. May use
  /// a second thread for as long as `alone`, which is called often, returns that no other image is
  /// in flight. Throws when memory runs out.
  virtual std::vector<float> forward(std::span<const float> planes,
                                     const std::function<bool()>& alone) const = 0;
};

}  // namespace samoyed::worker
