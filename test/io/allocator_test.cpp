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

/// Allocates and frees the blocks of a burst of images. Behind each one, a small block stays
/// allocated, so the heap can't shrink by itself.
void allocate_burst(std::size_t blocks, std::vector<std::unique_ptr<char>>& staying) {
  std::vector<std::string> images;
  for (std::size_t i = 0; i < blocks; ++i) {
    images.emplace_back(block_bytes, 'x');
    staying.push_back(std::make_unique<char>());
  }
}

/// Number of page faults of this process so far that needed no disk access.
long faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

std::uint64_t resident_bytes() { return io::read_memory().resident_bytes; }

}  // namespace

TEST_CASE("memory left over by a burst of images is returned, and what a few images need is kept") {
  if (!samoyed::test::memory_is_measurable) {
    WARN("skipped under a sanitizer");
    return;
  }
  io::keep_freed_blocks();
  io::SurplusMemory surplus;
  std::vector<std::unique_ptr<char>> staying;
  staying.reserve(64);
  surplus.give_back();

  allocate_burst(8, staying);
  const std::uint64_t after_few = resident_bytes();
  surplus.give_back();
  CHECK(resident_bytes() + block_bytes > after_few);

  allocate_burst(48, staying);
  const std::uint64_t after_burst = resident_bytes();
  REQUIRE(after_burst > after_few + 30 * block_bytes);
  surplus.give_back();
  CHECK(resident_bytes() + 30 * block_bytes < after_burst);
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

TEST_CASE("memory that images need repeatedly is kept, and returned soon after the last one") {
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
  allocate_burst(64, staying);
  surplus.give_back();
  CHECK(resident_bytes() > at_rest + 60 * block_bytes);

  for (int seconds = 0; seconds < 10; ++seconds) surplus.give_back();
  CHECK(resident_bytes() < at_rest + 30 * block_bytes);
}
