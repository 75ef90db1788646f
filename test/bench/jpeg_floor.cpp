#include "jpeg_floor.hpp"

#include <chrono>
#include <cstdio>  // jpeglib.h needs it before itself
#include <jpeglib.h>

#include "measure.hpp"

namespace samoyed::bench {
namespace {

constexpr std::chrono::duration<double> duration{0.5};

bool is_jpeg(std::span<const std::byte> file) {
  return file.size() > 2 && file[0] == std::byte{0xFF} && file[1] == std::byte{0xD8};
}

void read_coefficients(std::span<const std::byte> file) {
  jpeg_error_mgr errors;
  jpeg_decompress_struct info;
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&info, TRUE);
  jpeg_read_coefficients(&info);
  jpeg_destroy_decompress(&info);
}

}  // namespace

double measure_huffman_decoding_ms(std::span<const std::byte> file) {
  if (!is_jpeg(file)) return 0;
  return measure(1, duration, [file] { read_coefficients(file); }).median_ms;
}

}  // namespace samoyed::bench
