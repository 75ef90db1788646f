#include "worker/network/channel_layout.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace samoyed::worker {
namespace {

using Tag = dnnl::memory::format_tag;

constexpr std::pair<Tag, std::int64_t> blocked_layouts[] = {
    {Tag::nChw16c, 16}, {Tag::nChw8c, 8}, {Tag::nChw4c, 4}, {Tag::nchw, 1}};

}  // namespace

ChannelLayout::ChannelLayout(const dnnl::memory::desc& tensor) : tensor_(tensor) {
  for (const auto& [tag, block] : blocked_layouts) {
    if (tensor != dnnl::memory::desc(tensor.dims(), tensor.data_type(), tag)) continue;
    tag_ = tag;
    block_ = block;
    return;
  }
}

dnnl::memory::desc ChannelLayout::with_channels(std::int64_t channels) const {
  assert(is_blocked());
  dnnl::memory::dims dims = tensor_.dims();
  dims[1] = channels;
  return {dims, tensor_.data_type(), tag_};
}

std::vector<ChannelRange> ChannelLayout::split(int ways) const {
  const std::int64_t channels = tensor_.dims()[1];
  if (!is_blocked()) return {{0, channels}};
  const std::int64_t blocks = (channels + block_ - 1) / block_;
  const std::int64_t parts = std::min<std::int64_t>(ways, blocks);
  std::vector<ChannelRange> ranges;
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t begin = blocks * part / parts * block_;
    const std::int64_t end = std::min(blocks * (part + 1) / parts * block_, channels);
    ranges.push_back({begin, end - begin});
  }
  return ranges;
}

std::size_t ChannelLayout::offset_bytes(std::int64_t channel) const {
  return channel == 0 ? 0 : with_channels(channel).get_size();
}

std::optional<dnnl::memory::desc> concatenated(const dnnl::memory::desc& first,
                                               const dnnl::memory::desc& second) {
  const ChannelLayout layout(first);
  const std::int64_t channels = first.dims()[1];
  if (!layout.is_blocked() || channels % layout.block() != 0 ||
      second != layout.with_channels(second.dims()[1])) {
    return std::nullopt;
  }
  return layout.with_channels(channels + second.dims()[1]);
}

}  // namespace samoyed::worker
