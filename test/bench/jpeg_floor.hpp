#pragma once

#include <cstddef>
#include <span>

namespace samoyed::bench {

/// Returns the milliseconds that libjpeg takes to decode only a JPEG's Huffman codes, as the median
/// of several runs. Every decoder built on libjpeg has to read all of them; for a progressive file,
/// before its first pixel. Returns 0 for files that are not JPEGs. A damaged file ends the program.
double measure_huffman_decoding_ms(std::span<const std::byte> file);

}  // namespace samoyed::bench
