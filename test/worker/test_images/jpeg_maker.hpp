#pragma once

#include <string>
#include <vector>

#include "worker/image/image.hpp"

/// Makes JPEG files of every kind with libjpeg, for the tests.
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
  /// Writes each component in a scan of its own, without progression.
  bool apart = false;
  /// Restart interval in rows of blocks; 0 for none.
  int restart_rows = 0;
  bool arithmetic = false;
  /// Writes only this many scans; 0 writes all of them.
  int scans_max = 0;
};

/// The kinds that cameras, browsers and libraries write, and the unusual ones that the format
/// allows.
std::vector<JpegKind> jpeg_kinds();

/// Returns an image with edges and noise in all channels, always the same for the same arguments.
/// `orientation` goes into an EXIF block.
std::string make_jpeg(const JpegKind& kind, worker::Size size, int orientation = 1);

}  // namespace samoyed::test
