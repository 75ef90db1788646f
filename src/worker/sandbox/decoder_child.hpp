#pragma once

#include <cstddef>
#include <span>

#include "worker/sandbox/decoder_program.hpp"

namespace samoyed::worker {

/// Answers requests on `socket`, until it closes. Files come and pixels go in
/// `segment`, which has more than 8 MiB. Never throws: an image
/// that needs too much memory is refused. A request that exceeds its CPU time ends the process by
/// SIGPROF.
void serve_decodes(int socket, std::span<std::byte> segment, DecodeFunction decode) noexcept;

}  // namespace samoyed::worker
