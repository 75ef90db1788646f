#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <variant>

#include <catch2/catch.hpp>

#include "image_fixtures.hpp"
#include "samoyed/protocol/result.hpp"
#include "worker/image_decoder.hpp"

/// Small files that ask for much: each is refused before the time or the memory is spent.
namespace samoyed {

namespace {

using protocol::Refusal;
using protocol::RefusalReason;
using namespace std::string_literals;

std::string u32be(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(value >> shift & 0xFF));
  return bytes;
}

/// Bits of a deflate stream, the lowest of a byte first (RFC 1951, 3.1.1).
class DeflateBits {
 public:
  /// A number of `count` bits.
  void number(unsigned value, int count) {
    for (int i = 0; i < count; ++i) bit(value >> i & 1U);
  }
  /// A Huffman code of `count` bits, which goes highest bit first.
  void code(unsigned value, int count) {
    for (int i = count - 1; i >= 0; --i) bit(value >> i & 1U);
  }
  std::string bytes() {
    while (used_ != 0) bit(0);
    return std::move(bytes_);
  }

 private:
  void bit(unsigned value) {
    pending_ |= value << used_;
    if (++used_ == 8) {
      bytes_.push_back(static_cast<char>(pending_));
      pending_ = 0;
      used_ = 0;
    }
  }

  std::string bytes_;
  unsigned pending_ = 0;
  int used_ = 0;
};

/// A zlib stream of `count` zeros, in deflate's fixed codes: one literal, then copies of 258.
std::string zlib_zeros(std::size_t count) {
  DeflateBits bits;
  bits.number(1, 1);   // last block
  bits.number(1, 2);   // fixed codes
  bits.code(0x30, 8);  // the literal 0
  for (std::size_t i = 0; i < count / 258; ++i) {
    bits.code(0xC5, 8);  // length 258
    bits.code(0, 5);     // distance 1
  }
  bits.code(0, 7);  // end of block
  return "\x78\x01"s + bits.bytes() + u32be(0);
}

/// An RGB PNG of side x side pixels whose IDAT holds `data`; `ihdr_crc` is its header's checksum.
std::string png(std::uint32_t side, std::uint32_t ihdr_crc, const std::string& data) {
  return "\x89PNG\r\n\x1A\n"s + u32be(13) + "IHDR" + u32be(side) + u32be(side) + "\x08\x02\0\0\0"s +
         u32be(ihdr_crc) + u32be(static_cast<std::uint32_t>(data.size())) + "IDAT" + data +
         u32be(0) + u32be(0) + "IEND" + "\xAE\x42\x60\x82";
}

Refusal refusal_of(const std::string& file, const worker::DecodeLimits& limits = {}) {
  const auto result = worker::decode_image(test::as_bytes(file), limits, true);
  REQUIRE(std::holds_alternative<Refusal>(result));
  return std::get<Refusal>(result);
}

/// The most memory that this process ever held.
long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// The progressive fixture with its last scan `count` times more.
std::string with_repeated_scan(int count) {
  const std::string file = test::read_image_fixture("progressive.jpg");
  const std::size_t last_scan = file.rfind("\xFF\xDA");
  const std::size_t end = file.rfind("\xFF\xD9");
  std::string out = file.substr(0, end);
  for (int i = 0; i < count; ++i) out += file.substr(last_scan, end - last_scan);
  return out + file.substr(end);
}

}  // namespace

TEST_CASE("a PNG of 8x8 pixels that inflates to 1 GiB is refused within its budget", "[image]") {
  const std::string file = png(8, 0x4B6D29DC, zlib_zeros(std::size_t{1} << 30));
  const long before_kib = peak_kib();
  const Refusal refusal = refusal_of(file);
  CHECK(refusal.reason == RefusalReason::unreadable);
  CHECK_THAT(refusal.detail, Catch::Contains("inflates to more"));
  CHECK(peak_kib() - before_kib < 64 * 1024);
}

TEST_CASE("a PNG that inflates to less than its header says is refused", "[image]") {
  CHECK(refusal_of(png(8, 0x4B6D29DC, zlib_zeros(10))).reason == RefusalReason::unreadable);
}

TEST_CASE("sizes in a header that nobody has are refused", "[image]") {
  const auto [name, offset, bytes] = GENERATE(table<std::string, std::size_t, std::string>({
      {"rgb.bmp", 18, "\xFF\xFF\xFF\x7F"s},    // width 2147483647
      {"rgb.bmp", 18, "\0\0\0\x80"s},          // width -2147483648
      {"rgb.bmp", 22, "\0\0\0\x80"s},          // height -2147483648
      {"animated.webp", 24, "\xFF\xFF\xFF"s},  // canvas width 16777216
  }));
  CAPTURE(name, offset);
  std::string file = test::read_image_fixture(name);
  CHECK(refusal_of(file.replace(offset, bytes.size(), bytes)).reason ==
        RefusalReason::too_many_pixels);
}

TEST_CASE("a JPEG that claims 65500x65500 pixels is refused", "[image]") {
  std::string file = test::read_image_fixture("rgb_420.jpg");
  const std::size_t frame = file.find("\xFF\xC0");
  REQUIRE(frame != std::string::npos);
  file.replace(frame + 5, 4, "\xFF\xDC\xFF\xDC");
  CHECK(refusal_of(file).reason == RefusalReason::too_many_pixels);
}

TEST_CASE("a PNG of 16000x16000 pixels is refused", "[image]") {
  const Refusal refusal = refusal_of(png(16000, 0xCE1C4889, zlib_zeros(1000)));
  CHECK(refusal == Refusal{RefusalReason::too_many_pixels,
                           "The image has 16000x16000 pixels; at most 16384 on a side and 67108864 "
                           "in all are read."});
}

TEST_CASE("a progressive JPEG may have many scans, but not without end", "[image]") {
  worker::DecodeLimits limits;
  const std::string file = with_repeated_scan(8);
  CHECK(std::holds_alternative<worker::Image>(
      worker::decode_image(test::as_bytes(file), limits, true)));
  limits.jpeg_scans_max = 17;
  CHECK_THAT(refusal_of(file, limits).detail, Catch::Contains("more than 17 scans"));
  CHECK(refusal_of(with_repeated_scan(20'000)).reason == RefusalReason::unreadable);
}

TEST_CASE("a progressive JPEG's coefficients count against the memory", "[image]") {
  const std::string file = test::read_image_fixture("progressive.jpg");
  worker::DecodeLimits limits;
  limits.memory_bytes_max =
      2 * 17 * 97 * 3;  // The picture twice, and 84 blocks of 128 bytes don't fit.
  CHECK(refusal_of(file, limits).reason == RefusalReason::too_many_pixels);
}

}  // namespace samoyed
