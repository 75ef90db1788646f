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

TEST_CASE("channels can be cut where they are kept in blocks") {
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
      {tensor(16, Tag::nChw16c), 2, {{0, 16}}},        // One block can't be cut.
      {tensor(10, Tag::nChw8c), 2, {{0, 8}, {8, 2}}},  // The last block is not full.
      {tensor(64, Tag::nhwc), 2, {{0, 64}}},
  };
  for (const auto& [desc, ways, ranges] : cases) {
    CHECK(ChannelLayout(desc).split(ways) == ranges);
  }
}

TEST_CASE("a range begins behind the blocks before it") {
  const ChannelLayout layout(tensor(64, Tag::nChw8c));
  CHECK(layout.offset_bytes(0) == 0);
  CHECK(layout.offset_bytes(32) == 32 * 3 * 5 * sizeof(float));
  CHECK(layout.with_channels(32) == tensor(32, Tag::nChw8c));
}

TEST_CASE("two tensors behind each other are one where they are of the same blocks") {
  CHECK(concatenated(tensor(64, Tag::nChw8c), tensor(32, Tag::nChw8c)) == tensor(96, Tag::nChw8c));
  CHECK_FALSE(concatenated(tensor(64, Tag::nhwc), tensor(64, Tag::nhwc)));
  CHECK_FALSE(concatenated(tensor(64, Tag::nChw8c), tensor(64, Tag::nChw16c)));
  // The first's last block is padded: the second's channels don't follow it.
  CHECK_FALSE(concatenated(tensor(20, Tag::nChw8c), tensor(64, Tag::nChw8c)));
}
