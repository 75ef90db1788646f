#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "worker/resize.hpp"

namespace samoyed::worker {

/// The buffers on the way from an image file to the network's input, kept for the next image: fresh
/// ones of this size come from the kernel page by page. One image at a time.
struct ImageWorkspace {
  /// For decode_image to decode into, and to be had back from it.
  std::vector<std::uint8_t> pixels;
  Resizer resizer;
  /// As many as the network takes, from its first picture on.
  std::vector<float> planes;

  /// The planes not counted, which are the same for every picture.
  std::size_t held_bytes() const { return pixels.capacity() + resizer.held_bytes(); }
};

/// Lends a workspace to each image, so that there are as many as images are recognised at once.
///
/// Thread rule: any thread may take; the lock is held for no longer than it takes to move a
/// pointer. Must outlive what it lends.
class ImageWorkspaces {
 public:
  /// Beyond this a workspace is not kept: a huge picture must not hold its memory for ever. The
  /// crop of a picture whose short side is 1400 fits, for SqueezeNet of 1600.
  static constexpr std::size_t kept_bytes_max = std::size_t{8} << 20;

  /// Gives the workspace back.
  struct Return {
    ImageWorkspaces* to = nullptr;
    void operator()(ImageWorkspace* workspace) const noexcept;
  };
  using Lease = std::unique_ptr<ImageWorkspace, Return>;

  Lease take();

 private:
  std::mutex mutex_;
  std::size_t lent_ = 0;                               // guarded by mutex_
  std::vector<std::unique_ptr<ImageWorkspace>> idle_;  // guarded by mutex_
};

}  // namespace samoyed::worker
