#pragma once

#include <string>
#include <vector>

#include "worker/image/image.hpp"

/// JPEG files of every kind, made by libjpeg, for the tests.
namespace samoyed::test {

/// Sampling factors of one component.
struct Sampling {
  int horizontal = 1;
  int vertical = 1;
};

struct JpegKind {
  std::string name;
  /// One for gray, three for YCbCr, four for YCCK.
  std::vector<Sampling> samplings;
  bool progressive = false;
  /// Each component in a scan of its own, without progression.
  bool apart = false;
  /// In rows of blocks; 0: none.
  int restart_rows = 0;
  bool arithmetic = false;
  /// Only the first scans are written; 0: all of them.
  int scans_max = 0;
};

/// The kinds that cameras, browsers and libraries write, and the odd ones that the format allows.
std::vector<JpegKind> jpeg_kinds();

/// An image with edges and noise in all channels, the same for the same arguments. `orientation`
/// is put into an EXIF block.
std::string make_jpeg(const JpegKind& kind, worker::Size size, int orientation = 1);

}  // namespace samoyed::test
