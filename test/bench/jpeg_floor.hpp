#pragma once

#include <cstddef>
#include <span>

namespace samoyed::bench {

/// Milliseconds that libjpeg takes for a JPEG's Huffman codes alone, the median of some runs: every
/// decoder that is built on it has to read them all, a progressive file's before its first pixel. 0
/// for other files. A damaged file ends the program.
double measure_huffman_decoding_ms(std::span<const std::byte> file);

}  // namespace samoyed::bench
