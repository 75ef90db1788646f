// EXIF blocks, packets of XMP, and the metadata of a PNG file.

#include "worker/image/exif.hpp"

#include <string_view>

#include "fuzz/check.hpp"
#include "worker/headers/png_metadata.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  using namespace samoyed::worker;
  const auto file = as_bytes(data, size);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const int orientation :
       {exif_orientation(file), find_xmp_orientation(text).value_or(1), png_orientation(file)}) {
    check(orientation >= 1 && orientation <= 8, "an orientation is in 1..8");
    const Image stored{2, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}};
    const Image image = apply_orientation(stored, orientation);
    const bool turned = orientation >= 5;
    check(image.width == (turned ? 3 : 2) && image.height == (turned ? 2 : 3) &&
              image.rgb.size() == stored.rgb.size(),
          "rotation keeps every pixel");
  }
  return 0;
}
