#include "worker/test_images/jpeg_maker.hpp"

#include <array>
#include <cstddef>
#include <cstdio>  // must precede jpeglib.h
#include <cstdlib>
#include <jpeglib.h>

#include "worker/test_images/image_fixtures.hpp"

namespace samoyed::test {
namespace {

using namespace std::string_literals;

constexpr int jpeg_quality = 80;

void set_kind(jpeg_compress_struct& info, const JpegKind& kind,
              std::vector<jpeg_scan_info>& scans) {
  switch (kind.samplings.size()) {
    case 1:
      jpeg_set_colorspace(&info, JCS_GRAYSCALE);
      break;
    case 3:
      jpeg_set_colorspace(&info, JCS_YCbCr);
      break;
    default:
      jpeg_set_colorspace(&info, JCS_YCCK);
  }
  for (std::size_t i = 0; i < kind.samplings.size(); ++i) {
    info.comp_info[i].h_samp_factor = kind.samplings[i].horizontal;
    info.comp_info[i].v_samp_factor = kind.samplings[i].vertical;
  }
  info.restart_in_rows = kind.restart_rows;
  info.arith_code = kind.arithmetic ? TRUE : FALSE;
  if (kind.progressive) jpeg_simple_progression(&info);
  if (kind.scans_max > 0) info.num_scans = kind.scans_max;
  if (kind.apart) {
    for (int component = 0; component < info.num_components; ++component) {
      scans.push_back({1, {component, 0, 0, 0}, 0, 63, 0, 0});
    }
    info.scan_info = scans.data();
    info.num_scans = info.num_components;
  }
}

/// Squares of 23 pixels in different colors, under some noise.
std::uint8_t value_at(int x, int y, int channel, Noise& noise) {
  const int square = x / 23 * 31 + y / 23 * 57 + channel * 83;
  return static_cast<std::uint8_t>(square * 29 % 200 + noise.byte() / 8);
}

void write_exif(jpeg_compress_struct& info, int orientation) {
  const std::string exif = "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s +
                           static_cast<char>(orientation) + "\0\0\0\0\0\0\0"s;
  jpeg_write_marker(&info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif.data()),
                    static_cast<unsigned>(exif.size()));
}

void write_rows(jpeg_compress_struct& info, const worker::Size& size) {
  Noise noise(static_cast<std::uint32_t>(size.width * 4099 + size.height));
  std::vector<unsigned char> row(static_cast<std::size_t>(size.width * info.input_components));
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      for (int channel = 0; channel < info.input_components; ++channel) {
        row[static_cast<std::size_t>(x * info.input_components + channel)] =
            value_at(x, y, channel, noise);
      }
    }
    unsigned char* rows = row.data();
    jpeg_write_scanlines(&info, &rows, 1);
  }
}

}  // namespace

std::vector<JpegKind> jpeg_kinds() {
  const std::vector<Sampling> s444{{1, 1}, {1, 1}, {1, 1}};
  const std::vector<Sampling> s422{{2, 1}, {1, 1}, {1, 1}};
  const std::vector<Sampling> s420{{2, 2}, {1, 1}, {1, 1}};
  const std::vector<Sampling> s440{{1, 2}, {1, 1}, {1, 1}};
  return {
      {.name = "4:4:4", .samplings = s444},
      {.name = "4:2:2", .samplings = s422},
      {.name = "4:2:0", .samplings = s420},
      {.name = "4:4:0", .samplings = s440},
      {.name = "4:1:1", .samplings = {{4, 1}, {1, 1}, {1, 1}}},
      {.name = "4:1:0", .samplings = {{4, 2}, {1, 1}, {1, 1}}},
      {.name = "quarters of the height", .samplings = {{1, 4}, {1, 1}, {1, 1}}},
      {.name = "thirds of the width", .samplings = {{3, 1}, {1, 1}, {1, 1}}},
      {.name = "sixteenths", .samplings = {{2, 4}, {1, 1}, {1, 1}}},
      {.name = "4:2:0 with one chroma 4:2:2", .samplings = {{2, 2}, {1, 2}, {1, 1}}},
      {.name = "luma coarser than chroma", .samplings = {{1, 1}, {2, 2}, {2, 2}}},
      {.name = "4:4:4 in blocks of 1x2", .samplings = {{1, 2}, {1, 2}, {1, 2}}},
      {.name = "gray", .samplings = {{1, 1}}},
      {.name = "gray in blocks of 2x2", .samplings = {{2, 2}}},
      {.name = "CMYK", .samplings = {{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
      {.name = "CMYK 4:2:0", .samplings = {{2, 2}, {1, 1}, {1, 1}, {2, 2}}},
      {.name = "progressive 4:4:4", .samplings = s444, .progressive = true},
      {.name = "progressive 4:2:2", .samplings = s422, .progressive = true},
      {.name = "progressive 4:2:0", .samplings = s420, .progressive = true},
      {.name = "progressive 4:4:0", .samplings = s440, .progressive = true},
      {.name = "progressive gray", .samplings = {{1, 1}}, .progressive = true},
      {.name = "progressive 4:2:0, only DC",
       .samplings = s420,
       .progressive = true,
       .scans_max = 1},
      {.name = "progressive 4:2:0, half", .samplings = s420, .progressive = true, .scans_max = 4},
      {.name = "4:2:0 in scans apart", .samplings = s420, .apart = true},
      {.name = "4:2:2 in scans apart", .samplings = s422, .apart = true},
      {.name = "4:2:0 with restarts", .samplings = s420, .restart_rows = 1},
      {.name = "4:4:4 with restarts", .samplings = s444, .restart_rows = 2},
      {.name = "arithmetic 4:2:0", .samplings = s420, .arithmetic = true},
      {.name = "arithmetic progressive 4:2:0",
       .samplings = s420,
       .progressive = true,
       .arithmetic = true},
  };
}

std::string make_jpeg(const JpegKind& kind, worker::Size size, int orientation) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long count = 0;
  jpeg_mem_dest(&info, &bytes, &count);
  info.image_width = static_cast<JDIMENSION>(size.width);
  info.image_height = static_cast<JDIMENSION>(size.height);
  constexpr std::array<J_COLOR_SPACE, 5> spaces{JCS_UNKNOWN, JCS_GRAYSCALE, JCS_UNKNOWN, JCS_RGB,
                                                JCS_CMYK};
  info.input_components = static_cast<int>(kind.samplings.size());
  info.in_color_space = spaces[kind.samplings.size()];
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, jpeg_quality, TRUE);
  std::vector<jpeg_scan_info> scans;
  set_kind(info, kind, scans);
  jpeg_start_compress(&info, TRUE);
  write_exif(info, orientation);
  write_rows(info, size);
  jpeg_finish_compress(&info);
  std::string file(reinterpret_cast<const char*>(bytes), count);
  jpeg_destroy_compress(&info);
  std::free(bytes);
  return file;
}

}  // namespace samoyed::test
