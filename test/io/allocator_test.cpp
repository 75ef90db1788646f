#include "samoyed/io/allocator.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/io/process.hpp"
#include "support/sanitized.hpp"

namespace io = samoyed::io;

namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 20;

/// Blocks of a crowd of images, each with a small one behind it that stays: the heap cannot shrink
/// then.
void have_a_crowd(std::size_t blocks, std::vector<std::unique_ptr<char>>& staying) {
  std::vector<std::string> images;
  for (std::size_t i = 0; i < blocks; ++i) {
    images.emplace_back(block_bytes, 'x');
    staying.push_back(std::make_unique<char>());
  }
}

/// Page faults of this process so far that needed no disk.
long faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

std::uint64_t resident_bytes() { return io::read_memory().resident_bytes; }

}  // namespace

TEST_CASE("what a crowd of images leaves is given back, what a few need is kept") {
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

TEST_CASE("a large block costs no page faults when it is needed again") {
  if (!samoyed::test::memory_is_measurable) {
    WARN("skipped under a sanitizer");
    return;
  }
  io::keep_freed_blocks();
  const auto use_block = [] { return std::string(40 * block_bytes, 'x').size(); };
  use_block();
  const long before = faults();
  REQUIRE(use_block() == 40 * block_bytes);
  CHECK(faults() - before < 100);
}

TEST_CASE("memory that images need again and again is kept, and given back soon after them") {
  if (!samoyed::test::memory_is_measurable) {
    WARN("skipped under a sanitizer");
    return;
  }
  io::keep_freed_blocks();
  io::SurplusMemory surplus;
  std::vector<std::unique_ptr<char>> staying;
  staying.reserve(128);
  io::give_back_free_memory();
  surplus.give_back();
  const std::uint64_t at_rest = resident_bytes();

  {
    const std::string seen(40 * block_bytes, 'x');
    surplus.give_back();
  }
  have_a_crowd(64, staying);
  surplus.give_back();
  CHECK(resident_bytes() > at_rest + 60 * block_bytes);

  for (int seconds = 0; seconds < 10; ++seconds) surplus.give_back();
  CHECK(resident_bytes() < at_rest + 30 * block_bytes);
}
