#include "worker/network/channel_layout.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::worker;
using dnnl::memory;
using Tag = memory::format_tag;

namespace {

memory::desc tensor(std::int64_t channels, Tag tag) {
  return {{1, channels, 3, 5}, memory::data_type::f32, tag};
}

}  // namespace

TEST_CASE("channels can be split if they are stored in blocks") {
  CHECK(ChannelLayout(tensor(64, Tag::nChw16c)).block() == 16);
  CHECK(ChannelLayout(tensor(64, Tag::nChw8c)).block() == 8);
  CHECK(ChannelLayout(tensor(64, Tag::nchw)).block() == 1);
  CHECK_FALSE(ChannelLayout(tensor(64, Tag::nhwc)).is_blocked());
}

TEST_CASE("a tensor is split into ranges of whole blocks") {
  using Ranges = std::vector<ChannelRange>;
  const struct {
    memory::desc desc;
    int ways;
    Ranges ranges;
  } cases[] = {
      {tensor(64, Tag::nChw8c), 1, {{0, 64}}},
      {tensor(64, Tag::nChw8c), 2, {{0, 32}, {32, 32}}},
      {tensor(24, Tag::nChw8c), 2, {{0, 8}, {8, 16}}},
      {tensor(48, Tag::nChw16c), 2, {{0, 16}, {16, 32}}},
      {tensor(16, Tag::nChw16c), 2, {{0, 16}}},        // A single block can't be split.
      {tensor(10, Tag::nChw8c), 2, {{0, 8}, {8, 2}}},  // The last block is not full.
      {tensor(64, Tag::nhwc), 2, {{0, 64}}},
  };
  for (const auto& [desc, ways, ranges] : cases) {
    CHECK(ChannelLayout(desc).split(ways) == ranges);
  }
}

TEST_CASE("a range begins after the blocks before it") {
  const ChannelLayout layout(tensor(64, Tag::nChw8c));
  CHECK(layout.offset_bytes(0) == 0);
  CHECK(layout.offset_bytes(32) == 32 * 3 * 5 * sizeof(float));
  CHECK(layout.with_channels(32) == tensor(32, Tag::nChw8c));
}

TEST_CASE("two consecutive tensors form one tensor if they have the same blocks") {
  CHECK(concatenated(tensor(64, Tag::nChw8c), tensor(32, Tag::nChw8c)) == tensor(96, Tag::nChw8c));
  CHECK_FALSE(concatenated(tensor(64, Tag::nhwc), tensor(64, Tag::nhwc)));
  CHECK_FALSE(concatenated(tensor(64, Tag::nChw8c), tensor(64, Tag::nChw16c)));
  // The first tensor's last block is padded, so the second tensor's channels don't follow directly.
  CHECK_FALSE(concatenated(tensor(20, Tag::nChw8c), tensor(64, Tag::nChw8c)));
}
