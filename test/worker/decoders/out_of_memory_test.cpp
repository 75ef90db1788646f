#include <cerrno>
#include <cstddef>
#include <new>
#include <string>
#include <variant>

#include <catch2/catch.hpp>

#include "support/sanitized.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/test_images/image_fixtures.hpp"

/// A worker that runs out of memory must not call a good image damaged: std::bad_alloc leads to an
/// internal error, which is tried on another worker.

namespace {

/// The allocation that fails, counted from 1; 0 for none.
thread_local int failing = 0;
thread_local int counted = 0;

[[maybe_unused]] bool is_refused() {
  if (failing == 0 || ++counted != failing) return false;
  errno = ENOMEM;
  return true;
}

}  // namespace

// Sanitizers have allocators of their own.
#ifndef SAMOYED_TEST_SANITIZED

extern "C" {

void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);

void* malloc(std::size_t bytes) { return is_refused() ? nullptr : __libc_malloc(bytes); }
void* calloc(std::size_t count, std::size_t bytes) {
  return is_refused() ? nullptr : __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  return is_refused() ? nullptr : __libc_realloc(memory, bytes);
}

}  // extern "C"

namespace samoyed {

namespace {

/// Decodes a file while its n-th allocation fails. Returns `done` if it has fewer allocations,
/// `out of memory`, or the refusal.
std::string decode_with_failure(const std::string& file, int n) {
  std::string words = "done";
  counted = 0;
  failing = n;
  try {
    const auto result = worker::decode_image(test::as_bytes(file), {}, {});
    failing = 0;
    const auto* refusal = std::get_if<protocol::Refusal>(&result);
    if (refusal) words = "refused: " + refusal->detail;
  } catch (const std::bad_alloc&) {
    failing = 0;
    words = "out of memory";
  }
  return counted < n ? "done" : words;
}

}  // namespace

TEST_CASE("an image is not called damaged if there is no memory to decode it") {
  // Not a lossless WebP: libwebp 1.2.4 crashes when some of its allocations fail.
  const std::string name =
      GENERATE(as<std::string>(), "rgb_420.jpg", "progressive.jpg", "cmyk.jpg", "rgb.png",
               "interlaced_palette.png", "lossy.webp", "animated.gif", "rgb.bmp");
  const std::string file = test::read_image_fixture(name);
  int n = 1;
  for (std::string end; end != "done" && n < 10'000; ++n) {
    end = decode_with_failure(file, n);
    INFO(name << ", allocation " << n << ": " << end);
    CHECK((end == "out of memory" || end == "done"));
  }
  CHECK(n > 2);
}

}  // namespace samoyed

#endif
