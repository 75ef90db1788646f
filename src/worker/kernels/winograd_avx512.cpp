#include "worker/kernels/simd.hpp"
#include "worker/kernels/winograd_steps.hpp"

namespace samoyed::worker {
namespace {

struct Avx512Registers {
  using Floats = Float16;
  using UnalignedFloats = UnalignedFloat16;
  /// 28 of the 32 registers hold sums.
  static constexpr int tiles_max = 14;
};

}  // namespace

constinit const WinogradKernels winograd_avx512 = WinogradSteps<Avx512Registers>::kernels();

}  // namespace samoyed::worker
