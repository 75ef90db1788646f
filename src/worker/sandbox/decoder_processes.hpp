#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "worker/decoders/image_decoder.hpp"
#include "worker/sandbox/descriptor.hpp"

namespace samoyed::worker {

/// What a decoder process may cost.
struct IsolationLimits {
  /// CPU time for one image.
  std::chrono::milliseconds cpu_max{5000};
  /// Time for one image as the clock shows it, which also holds for a process that an image has
  /// taken over. It is above `cpu_max`, because a busy machine gives a process less than a core.
  std::chrono::milliseconds time_max{20000};
  /// Largest image file.
  std::uint64_t image_bytes_max = std::uint64_t{32} << 20;
};

/// Decodes images in processes of samoyed-decoder, which can do nothing but that. If a process
/// crashes, takes too long or answers nonsense, the image is refused as unreadable and the process
/// is replaced.
///
/// Construct it before the process has a sandbox. Thread rule: `decode` may be called from any
/// thread, and from several at once; each call has a process for itself.
class DecoderProcesses {
 public:
  /// Starts the decoder's parent, and `count` processes. Every later image must be decoded with
  /// limits of at most `decode`. Throws std::runtime_error if the program can't be started.
  DecoderProcesses(const std::filesystem::path& program, std::size_t count,
                   const DecodeLimits& decode, const IsolationLimits& limits);

  /// As decode_image, but in another process. A file above `image_bytes_max` is refused.
  DecodeResult decode(std::span<const std::byte> file, const DecodeLimits& limits,
                      const DecodeOptions& options, std::vector<std::uint8_t> memory);

 private:
  /// Memory that two processes share. Unmapped at the end.
  class Segment {
   public:
    Segment(const Descriptor& file, std::size_t bytes);
    Segment(Segment&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    Segment& operator=(Segment&&) = delete;
    ~Segment();

    std::span<std::byte> bytes() const { return bytes_; }

   private:
    std::span<std::byte> bytes_;
  };

  /// A decoder process. Killed at the end.
  struct Child {
    Child(Descriptor socket_to_it, Segment shared, Descriptor its_pidfd);
    Child(Child&&) noexcept = default;
    Child& operator=(Child&&) = delete;
    ~Child();

    bool has_ended() const;

    Descriptor socket;
    Segment segment;
    Descriptor pidfd;
  };

  std::unique_ptr<Child> take();
  std::unique_ptr<Child> start_child();
  void give_back(std::unique_ptr<Child> child);

  const IsolationLimits limits_;
  const std::size_t segment_bytes_;
  std::mutex control_mutex_;
  Descriptor control_;  ///< Guarded by control_mutex_, from request to answer.
  std::mutex mutex_;
  std::vector<std::unique_ptr<Child>> idle_;  ///< Guarded by mutex_.
};

}  // namespace samoyed::worker
