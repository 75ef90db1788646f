#pragma once

#include <cstdint>

/// Vector registers for the files that are compiled for them. Such files call nothing inline from
/// other headers: the linker would give those functions' code, which not every processor can run,
/// to everybody.
namespace samoyed::worker {

/// Whether the processor has AVX2 and FMA.
bool has_avx2();

/// Whether the processor has AVX-512's foundation.
bool has_avx512();

/// Eight float32 in one register of AVX2, sixteen in one of AVX-512.
using Float8 [[gnu::vector_size(32)]] = float;
using Float16 [[gnu::vector_size(64)]] = float;

/// The same anywhere in memory.
using UnalignedFloat8 [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;
using UnalignedFloat16 [[gnu::vector_size(64), gnu::aligned(4), gnu::may_alias]] = float;

}  // namespace samoyed::worker
