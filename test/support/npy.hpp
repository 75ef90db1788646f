#pragma once

#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace samoyed::test {

/// Returns the float32 values of a .npy file (NumPy's format, version 1), in the file's order.
///
/// Supports only the type of the golden files: little-endian `<f4` in C order. Throws
/// std::runtime_error with the file's name for anything else, and for a file whose data isn't a
/// whole number of floats.
inline std::vector<float> read_npy(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  constexpr std::size_t head_bytes = 10;  // magic, version, length of the description
  if (file.size() < head_bytes || file.compare(0, 8, std::string("\x93NUMPY\1\0", 8)) != 0) {
    throw std::runtime_error(path + " is not a .npy file of version 1");
  }
  const auto description_bytes = static_cast<std::size_t>(
      static_cast<unsigned char>(file[8]) + 256 * static_cast<unsigned char>(file[9]));
  const std::string description = file.substr(head_bytes, description_bytes);
  if (description.find("'<f4'") == std::string::npos ||
      description.find("'fortran_order': False") == std::string::npos) {
    throw std::runtime_error(path + " doesn't contain float32 values in C order: " + description);
  }
  const std::size_t begin = head_bytes + description_bytes;
  if (begin > file.size() || (file.size() - begin) % sizeof(float) != 0) {
    throw std::runtime_error(path + " is truncated");
  }
  std::vector<float> values((file.size() - begin) / sizeof(float));
  std::memcpy(values.data(), file.data() + begin, values.size() * sizeof(float));
  return values;
}

}  // namespace samoyed::test
