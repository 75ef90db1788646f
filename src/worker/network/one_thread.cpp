#include "worker/network/one_thread.hpp"

#include <ATen/Parallel.h>

#include "worker/network/openblas.hpp"

namespace samoyed::worker {

void use_one_thread() {
  static const bool openblas_told = [] {
    choose_openblas_kernels();
    end_openblas_threads();
    return true;
  }();
  thread_local const bool openmp_told = (at::set_num_threads(1), true);
  static_cast<void>(openblas_told);
  static_cast<void>(openmp_told);
}

}  // namespace samoyed::worker
