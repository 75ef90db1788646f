#pragma once

#include <cstddef>
#include <cstdint>
#include <dnnl.hpp>
#include <optional>
#include <vector>

namespace samoyed::worker {

/// A range of a tensor's channels.
struct ChannelRange {
  std::int64_t begin;
  std::int64_t count;

  bool operator==(const ChannelRange&) const = default;
};

/// oneDNN's memory layout of one image's tensor (1 x channels x rows x columns), as far as it
/// matters for splitting and concatenating channels.
///
/// In a blocked layout the channels are stored in blocks of `block()` channels, one block after the
/// other. A range of blocks is then a tensor by itself, and two tensors that follow each other in
/// memory are one tensor. Neither is true if the channels are innermost, that is, if a pixel's
/// values are adjacent.
class ChannelLayout {
 public:
  explicit ChannelLayout(const dnnl::memory::desc& tensor);

  /// True if the tensor can be split before every channel that is a multiple of `block()`.
  bool is_blocked() const { return block_ > 0; }
  /// Channels in a block; 0 if the layout is not blocked.
  std::int64_t block() const { return block_; }

  /// Returns a tensor with the same sides and layout, and this number of channels. Requires
  /// `is_blocked`.
  dnnl::memory::desc with_channels(std::int64_t channels) const;

  /// Returns up to `ways` ranges of nearly equal size that cover all channels; a single range if
  /// the channels can't be split.
  std::vector<ChannelRange> split(int ways) const;

  /// Returns the offset of a channel from the tensor's beginning, in bytes. The channel must be one
  /// at which the tensor can be split.
  std::size_t offset_bytes(std::int64_t channel) const;

 private:
  dnnl::memory::desc tensor_;
  dnnl::memory::format_tag tag_ = dnnl::memory::format_tag::undef;
  std::int64_t block_ = 0;
};

/// Returns the single tensor that the two tensors form if the second directly follows the first in
/// memory, or `std::nullopt` if they don't form one.
std::optional<dnnl::memory::desc> concatenated(const dnnl::memory::desc& first,
                                               const dnnl::memory::desc& second);

}  // namespace samoyed::worker
