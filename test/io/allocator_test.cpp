#include "samoyed/io/allocator.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/sanitized.hpp"

namespace io = samoyed::io;

namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 20;

/// Blocks of a crowd of pictures, each with a small one behind it that stays: the heap can't shrink then.
void have_a_crowd(std::size_t blocks, std::vector<std::unique_ptr<char>>& staying) {
  std::vector<std::string> pictures;
  for (std::size_t i = 0; i < blocks; ++i) {
    pictures.emplace_back(block_bytes, 'x');
    staying.push_back(std::make_unique<char>());
  }
}

std::uint64_t resident_bytes() { return io::read_memory().resident_bytes; }

}  // namespace

TEST_CASE("what a crowd of pictures leaves is given back, what a few need is kept") {
  if (!samoyed::test::memory_is_measurable) {
    WARN("skipped under a sanitizer");
    return;
  }
  io::keep_freed_blocks();
  io::SurplusMemory surplus;
  std::vector<std::unique_ptr<char>> staying;
  staying.reserve(64);
  surplus.give_back();

  have_a_crowd(8, staying);
  const std::uint64_t after_few = resident_bytes();
  surplus.give_back();
  CHECK(resident_bytes() + block_bytes > after_few);

  have_a_crowd(48, staying);
  const std::uint64_t after_crowd = resident_bytes();
  REQUIRE(after_crowd > after_few + 30 * block_bytes);
  surplus.give_back();
  CHECK(resident_bytes() + 30 * block_bytes < after_crowd);
}
