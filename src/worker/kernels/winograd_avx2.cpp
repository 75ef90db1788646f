#include "worker/kernels/simd.hpp"
#include "worker/kernels/winograd_steps.hpp"

namespace samoyed::worker {
namespace {

struct Avx2Registers {
  using Floats = Float8;
  using UnalignedFloats = UnalignedFloat8;
  /// 12 of the 16 registers hold sums. The sums of a seventh tile would not fit.
  static constexpr int tiles_max = 6;
};

}  // namespace

constinit const WinogradKernels winograd_avx2 = WinogradSteps<Avx2Registers>::kernels();

}  // namespace samoyed::worker
