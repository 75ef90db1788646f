#pragma once

#include <cstdint>

namespace samoyed::worker {

/// Whether the processor has AVX2 and FMA, which the kernels of max_pool.hpp and winograd.hpp need.
bool has_avx2();

/// Eight float32 in one register of AVX2, for the files that are compiled for it. Such files call
/// nothing inline from other headers: the linker would give those functions' AVX2 code to everybody.
using Float8 [[gnu::vector_size(32)]] = float;

/// The same anywhere in memory.
using UnalignedFloat8 [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;

}  // namespace samoyed::worker
