#pragma once

#include <cstddef>
#include <span>

#include "worker/sandbox/decoder_program.hpp"

namespace samoyed::worker {

/// From now on a request that exceeds its CPU time is answered `too_slow` on `socket`, without a
/// detail, and ends the process. To be called before the process has its sandbox.
void answer_on_cpu_limit(int socket);

/// Answers requests on `socket`, until it closes. Files come and pixels go in `segment`, which has
/// more than 8 MiB. Never throws: an image that needs too much memory is refused.
void serve_decodes(int socket, std::span<std::byte> segment, DecodeFunction decode) noexcept;

}  // namespace samoyed::worker
