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

/// How oneDNN keeps one image's tensor of 1 x channels x rows x columns, as far as that matters to
/// whoever takes its channels apart or puts them together.
///
/// In blocks of so many channels, each block a plane: then a range of blocks is a tensor in itself,
/// and two tensors behind each other in memory are one. With the channels innermost (a pixel's
/// numbers side by side) neither holds.
class ChannelLayout {
 public:
  explicit ChannelLayout(const dnnl::memory::desc& tensor);

  /// Whether the channels can be cut before every multiple of `block()`.
  bool is_blocked() const { return block_ > 0; }
  /// Channels; 0 where the layout is not blocked.
  std::int64_t block() const { return block_; }

  /// A tensor of the same sides and layout with so many channels. Needs `is_blocked`.
  dnnl::memory::desc with_channels(std::int64_t channels) const;

  /// Up to `ways` ranges of nearly equal size that cover all channels; one where they can't be cut.
  std::vector<ChannelRange> split(int ways) const;

  /// Bytes from the tensor's begin to that of a channel at which it can be cut.
  std::size_t offset_bytes(std::int64_t channel) const;

 private:
  dnnl::memory::desc tensor_;
  dnnl::memory::format_tag tag_ = dnnl::memory::format_tag::undef;
  std::int64_t block_ = 0;
};

/// The tensor that two behind each other are, if they are one.
std::optional<dnnl::memory::desc> concatenated(const dnnl::memory::desc& first,
                                               const dnnl::memory::desc& second);

}  // namespace samoyed::worker
