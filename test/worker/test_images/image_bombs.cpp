#include "worker/test_images/image_bombs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>  // must precede jpeglib.h
#include <cstdlib>
#include <jpeglib.h>
#include <stdexcept>
#include <utility>
#include <vector>
#include <zlib.h>

#include "worker/test_images/image_fixtures.hpp"

namespace samoyed::test {
namespace {

using namespace std::string_literals;

std::string u32be(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(value >> shift & 0xFF));
  return bytes;
}

std::string chunk(std::string_view type, std::string_view body) {
  const std::string checked = std::string(type) + std::string(body);
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return u32be(static_cast<std::uint32_t>(body.size())) + checked +
         u32be(static_cast<std::uint32_t>(crc));
}

std::string u32le(std::size_t number) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFF);
  return bytes;
}

/// Writes the bits of a deflate stream, the lowest of a byte first (RFC 1951, 3.1.1).
class DeflateBits {
 public:
  /// Writes a number of `count` bits.
  void number(unsigned value, int count) {
    for (int i = 0; i < count; ++i) bit(value >> i & 1U);
  }
  /// Writes a Huffman code, highest bit first.
  void code(std::string_view bits) {
    for (const char c : bits) bit(c == '1' ? 1 : 0);
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

/// Compresses a gray image as a color image. An error in libjpeg would end the process, but this
/// never fails.
std::string compress_progressively(unsigned side) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = info.image_height = side;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  std::vector<unsigned char> row(std::size_t{3} * side, 128);
  for (unsigned char* rows = row.data(); info.next_scanline < side;) {
    jpeg_write_scanlines(&info, &rows, 1);
  }
  jpeg_finish_compress(&info);
  std::string file(reinterpret_cast<const char*>(bytes), size);
  jpeg_destroy_compress(&info);
  std::free(bytes);
  return file;
}

}  // namespace

std::string zlib_zeros(std::size_t count) {
  DeflateBits bits;
  bits.number(1, 1);  // last block
  bits.number(2, 2);  // dynamic codes (RFC 1951, 3.2.7)
  bits.number(286 - 257, 5);
  bits.number(0, 5);       // one distance
  bits.number(18 - 4, 4);  // code length codes, in the RFC's order up to that of length 1
  for (const unsigned length :
       {0U, 0U, 1U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 0U, 2U, 0U, 2U}) {
    bits.number(length, 3);
  }
  const auto zeros = [&bits](unsigned run) {  // 18: a run of 11 to 138 zeros
    bits.code("0");
    bits.number(run - 11, 7);
  };
  const auto length_1 = "10", length_2 = "11";
  bits.code(length_2);  // of the literal 0
  zeros(138), zeros(117);
  bits.code(length_2);  // of the end of block
  zeros(28);
  bits.code(length_1);  // of a copy of 258 bytes
  bits.code(length_1);  // of distance 1
  bits.code("10");      // the literal 0
  for (std::size_t i = 0; i < count / 258; ++i) bits.code("00");
  bits.code("11");
  return "\x78\x01"s + bits.bytes() + u32be(0);
}

std::string png(const PngClaim& claim, std::string_view data) {
  const std::string header = u32be(claim.width) + u32be(claim.height) +
                             std::string{claim.depth, claim.color_type, 0, 0, claim.interlaced};
  return "\x89PNG\r\n\x1A\n"s + chunk("IHDR", header) + chunk("IDAT", data) + chunk("IEND", "");
}

std::string tiff(const TiffClaim& claim, std::string_view data) {
  constexpr unsigned deflate = 8, black_is_0 = 1;
  std::vector<std::pair<unsigned, std::size_t>> tags{
      {256, claim.width}, {257, claim.height}, {258, 8}, {259, deflate}, {262, black_is_0}};
  if (claim.tile_side == 0) {
    tags.insert(tags.end(), {{273, 0}, {277, 1}, {278, claim.height}, {279, data.size()}});
  } else {
    tags.insert(tags.end(), {{277, 1}, {322, claim.tile_side}, {323, claim.tile_side}});
    tags.insert(tags.end(), {{324, 0}, {325, data.size()}});
  }
  const std::size_t data_offset = 8 + 2 + 12 * tags.size() + 4;
  std::string file = "II*\0"s + u32le(8) + u32le(tags.size()).substr(0, 2);
  for (const auto& [tag, value] : tags) {
    const bool is_offset = tag == 273 || tag == 324;
    file += u32le(tag).substr(0, 2) + "\4\0"s + u32le(1) + u32le(is_offset ? data_offset : value);
  }
  return file + u32le(0) + std::string(data);
}

std::string progressive_jpeg(unsigned side, int scans) {
  const std::string file = compress_progressively(side);
  const std::size_t last_scan = file.rfind("\xFF\xDA");
  const std::size_t end = file.rfind("\xFF\xD9");
  std::string out = file.substr(0, last_scan);
  for (int i = 0; i < scans; ++i) out.append(file, last_scan, end - last_scan);
  return out + file.substr(end);
}

std::string black_gif(unsigned side) {
  constexpr unsigned clear = 4;  // With two bits for a color.
  constexpr unsigned code_max = 4095;
  DeflateBits codes;  // GIF packs codes as deflate packs its numbers.
  codes.number(clear, 3);
  // The code clear + N stands for N black pixels, once the decoder has made it.
  unsigned newest = clear + 1;
  int bits = 3;
  for (std::uint64_t left = std::uint64_t{side} * side; left > 0;) {
    const std::uint64_t run = std::min<std::uint64_t>(left, std::min(newest, code_max) - clear);
    codes.number(run == 1 ? 0 : clear + static_cast<unsigned>(run), bits);
    left -= run;
    if (newest <= code_max) ++newest;
    if (newest == 1U << bits && bits < 12) ++bits;
  }
  const std::string data = codes.bytes();
  const std::string size = u32le(side).substr(0, 2);
  std::string file =
      "GIF89a" + size + size + "\x80\0\0\0\0\0\0\0\0,\0\0\0\0"s + size + size + "\0\2"s;
  for (std::size_t at = 0; at < data.size(); at += 255) {
    const std::string block = data.substr(at, 255);
    file += static_cast<char>(block.size()) + block;
  }
  return file + "\0;"s;
}

std::string patched(std::string file, std::size_t offset, std::string_view bytes) {
  return file.replace(offset, bytes.size(), bytes);
}

std::string lossy_webp_liar(std::string_view fixture) {
  const std::string file = read_image_fixture(fixture);
  const std::size_t start_code = file.find("\x9D\x01\x2A");
  if (start_code == std::string::npos) throw std::runtime_error("no lossy image in the fixture");
  return patched(file, start_code + 3, "\xFF\x3F\xFF\x3F");
}

namespace {

/// Writes the bits of a VP8L stream, the lowest of each byte first.
class BitWriter {
 public:
  void write(unsigned value, unsigned count) {
    for (unsigned i = 0; i < count; ++i, ++position_) {
      if (position_ % 8 == 0) bytes_ += '\0';
      bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) |
                                        (value >> i & 1) << (position_ % 8));
    }
  }
  /// Writes a code word of a prefix code, its highest bit first.
  void write_code(unsigned code, unsigned length) {
    for (unsigned i = length; i-- > 0;) write(code >> i & 1, 1);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

/// Writes a prefix code whose only symbol, 0, takes no bits.
void write_code_of_one(BitWriter& bits) { bits.write(1, 4); }

/// Writes a prefix code in which 0..255 have 8 bits each. Their lengths use a code of their own,
/// whose only symbol, 8, is the twelfth in its order.
void write_code_of_bytes(BitWriter& bits) {
  bits.write(0, 1);
  bits.write(12 - 4, 4);
  for (int i = 0; i < 11; ++i) bits.write(0, 3);
  bits.write(1, 3);
  bits.write(1, 1);  // Not all symbols have a length.
  bits.write(3, 3);  // Their number takes 2 + 2 * 3 bits.
  bits.write(256 - 2, 8);
}

}  // namespace

std::string jpeg2000_liar(std::string_view fixture, unsigned image_side, unsigned tile_side) {
  const std::string file = read_image_fixture(fixture);
  const std::string image = u32be(image_side), tile = u32be(tile_side), zero = u32be(0);
  return patched(file, file.find("\xFF\x51") + 6, image + image + zero + zero + tile + tile);
}

std::string webp_of_many_tables() {
  constexpr unsigned groups = 65536;
  BitWriter bits;
  bits.write(0x2F, 8);
  bits.write(1024 - 1, 14);
  bits.write(1024 - 1, 14);
  bits.write(0, 1 + 3);  // no alpha, version 0
  bits.write(0, 1 + 1);  // no transform, no color cache
  bits.write(1, 1);      // An entropy image with one pixel for
  bits.write(2 - 2, 3);  // each 4x4 pixels of the image.
  bits.write(0, 1);
  write_code_of_bytes(bits);  // green
  write_code_of_bytes(bits);  // red
  for (int i = 0; i < 3; ++i) write_code_of_one(bits);
  for (unsigned group = 0; group < groups; ++group) {
    bits.write_code(group & 0xFF, 8);
    bits.write_code(group >> 8, 8);
  }
  for (unsigned code = 0; code < groups * 5; ++code) write_code_of_one(bits);
  std::string stream = bits.bytes();
  if (stream.size() % 2 != 0) stream += '\0';
  return "RIFF" + u32le(stream.size() + 12) + "WEBPVP8L" + u32le(stream.size()) + stream;
}

}  // namespace samoyed::test
