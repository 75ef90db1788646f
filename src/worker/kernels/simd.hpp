#pragma once

#include <cstdint>

/// Vector types for source files that are compiled for particular processors. Such files must not
/// call inline functions from other headers: the linker could use their copy, which not every
/// processor can run, in the whole program.
namespace samoyed::worker {

/// Whether the processor has AVX2 and FMA.
bool has_avx2();

/// Whether the processor has AVX-512F.
bool has_avx512();

/// Eight float32 in one AVX2 register, sixteen in one AVX-512 register.
using Float8 [[gnu::vector_size(32)]] = float;
using Float16 [[gnu::vector_size(64)]] = float;

/// The same types, for unaligned memory.
using UnalignedFloat8 [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;
using UnalignedFloat16 [[gnu::vector_size(64), gnu::aligned(4), gnu::may_alias]] = float;

}  // namespace samoyed::worker
