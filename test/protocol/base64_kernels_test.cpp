#include "protocol/base64_kernels.hpp"

#include <algorithm>
#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

/// Compares the base64 kernels with each other and with the definition of base64.
using namespace samoyed::protocol;

namespace {

/// Several rounds of the widest kernel, so that its part and the part that it leaves to the
/// portable kernel meet at every offset.
constexpr std::size_t length_max = 150;

/// The kernels that this processor supports.
std::vector<const Base64Kernels*> kernels() {
  std::vector<const Base64Kernels*> all{&portable_base64};
  if (avx2_base64() != nullptr) all.push_back(avx2_base64());
  return all;
}

std::string random_bytes(std::size_t length) {
  static std::mt19937 random(11);
  std::string bytes(length, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string random_digits(std::size_t length) {
  std::string digits = random_bytes(length);
  for (char& c : digits) c = base64_alphabet[static_cast<unsigned char>(c) % 64];
  return digits;
}

/// Decodes bit by bit, as base64 is defined.
std::string expected_bytes(std::string_view digits) {
  std::string bytes;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    bits = bits << 6 | static_cast<std::uint32_t>(base64_alphabet.find(digits[i]));
    if (i % 4 == 3) {
      for (const int shift : {16, 8, 0}) bytes += static_cast<char>(bits >> shift);
      bits = 0;
    }
  }
  return bytes;
}

/// Bytes that end where the memory ends, so that an access beyond them ends the program.
class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t size) {
    const auto page = static_cast<std::size_t>(getpagesize());
    memory_bytes_ = (size / page + 2) * page;
    memory_ =
        mmap(nullptr, memory_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory_ != MAP_FAILED);
    char* const guard = static_cast<char*>(memory_) + memory_bytes_ - page;
    REQUIRE(mprotect(guard, page, PROT_NONE) == 0);
    bytes_ = {guard - size, size};
  }
  explicit GuardedBytes(std::string_view text) : GuardedBytes(text.size()) {
    std::ranges::copy(text, bytes_.begin());
  }
  ~GuardedBytes() { munmap(memory_, memory_bytes_); }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  std::span<char> bytes() const { return bytes_; }
  std::string text() const { return {bytes_.begin(), bytes_.end()}; }

 private:
  void* memory_ = nullptr;
  std::size_t memory_bytes_ = 0;
  std::span<char> bytes_;
};

struct Decoded {
  std::size_t chars;
  std::string bytes;  ///< The whole output buffer.
};

Decoded decode(const Base64Kernels& kernel, std::string_view text) {
  const GuardedBytes digits(text);
  const GuardedBytes bytes(text.size() / 4 * 3);
  const std::size_t chars = kernel.decode({digits.bytes().data(), text.size()},
                                          std::as_writable_bytes(bytes.bytes()).data());
  return {chars, bytes.text()};
}

std::string encode(const Base64Kernels& kernel, std::string_view bytes) {
  const GuardedBytes source(bytes);
  const GuardedBytes text(bytes.size() / 3 * 4);
  kernel.encode(std::as_bytes(source.bytes()), text.bytes().data());
  return text.text();
}

}  // namespace

TEST_CASE("every kernel encodes any number of whole triples") {
  for (const Base64Kernels* kernel : kernels()) {
    for (std::size_t length = 0; length <= length_max; ++length) {
      const std::string bytes = random_bytes(length);
      const std::string text = encode(*kernel, bytes);
      CHECK(expected_bytes(text) == bytes.substr(0, length / 3 * 3));
    }
  }
}

TEST_CASE("every kernel decodes any number of whole quads") {
  for (const Base64Kernels* kernel : kernels()) {
    for (std::size_t length = 0; length <= length_max; ++length) {
      const std::string text = random_digits(length);
      const Decoded decoded = decode(*kernel, text);
      CHECK(decoded.chars == length / 4 * 4);
      CHECK(decoded.bytes == expected_bytes(text));
    }
  }
}

TEST_CASE("every digit is encoded and decoded at every position in a kernel's round") {
  for (const Base64Kernels* kernel : kernels()) {
    for (std::size_t shift = 0; shift < base64_alphabet.size(); ++shift) {
      const std::string once = std::string(base64_alphabet.substr(shift)) +
                               std::string(base64_alphabet.substr(0, shift));
      const std::string text = once + once;
      const Decoded decoded = decode(*kernel, text);
      CHECK(decoded.chars == text.size());
      CHECK(decoded.bytes == expected_bytes(text));
      CHECK(encode(*kernel, decoded.bytes) == text);
    }
  }
}

TEST_CASE(
    "every kernel stops before a quad with a character that is not a digit, at any position") {
  const std::string digits = random_digits(length_max);
  for (const Base64Kernels* kernel : kernels()) {
    bool right = true;  // One check for many thousands of texts.
    for (int c = 0; c < 256; ++c) {
      const bool is_digit = base64_alphabet.find(static_cast<char>(c)) != std::string_view::npos;
      for (std::size_t place = 0; place < digits.size(); ++place) {
        std::string text = digits;
        text[place] = static_cast<char>(c);
        const std::size_t expected = is_digit ? length_max / 4 * 4 : place / 4 * 4;
        const Decoded decoded = decode(*kernel, text);
        const std::string bytes = expected_bytes(text.substr(0, expected));
        right = right && decoded.chars == expected && decoded.bytes.starts_with(bytes);
      }
    }
    CHECK(right);
  }
}

TEST_CASE("the AVX2 kernel is used if the processor supports it") {
  const Base64Kernels* const avx2 = avx2_base64();
  CHECK(&best_base64() == (avx2 != nullptr ? avx2 : &portable_base64));
}
