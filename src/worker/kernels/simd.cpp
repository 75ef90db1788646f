#include "worker/kernels/simd.hpp"

namespace samoyed::worker {

#if defined(__x86_64__)

bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool has_avx512() { return __builtin_cpu_supports("avx512f"); }

#else

bool has_avx2() { return false; }

bool has_avx512() { return false; }

#endif

}  // namespace samoyed::worker
