#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "worker/decoders/image_decoder.hpp"

/// The program samoyed-decoder, without its `main`, so that a test can plant another decoder in it.
///
/// One process of it, the parent, waits for a worker's requests for a new child. It is the only one
/// that can make processes, and it never sees an image. Each child decodes images, one after the
/// other.
namespace samoyed::worker {

/// The descriptor of the socket on which the worker asks the parent for children, by one byte each.
/// The parent answers with three descriptors: the child's socket, its segment, and its pidfd.
inline constexpr int control_descriptor = 3;

using DecodeFunction = DecodeResult (*)(std::span<const std::byte> file, const DecodeLimits& limits,
                                        const DecodeOptions& options,
                                        std::vector<std::uint8_t> memory);

/// The command line, as the worker gives it.
struct DecoderArguments {
  std::size_t segment_bytes = 0;
  /// Memory of a child in addition to its program: for one decode, and the segment.
  std::size_t memory_bytes_max = 0;
};

/// Serves until the worker's end of the control socket closes. Returns the exit status.
int run_decoder_parent(const DecoderArguments& arguments, DecodeFunction decode);

/// The `main` of a decoder program.
int decoder_main(int argc, char** argv, DecodeFunction decode);

}  // namespace samoyed::worker
