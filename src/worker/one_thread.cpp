#include "worker/one_thread.hpp"

#include <ATen/Parallel.h>

#include "worker/openblas_kernels.hpp"

// Declared here because cblas.h may be another BLAS's, whichever Debian's alternatives point to.
extern "C" void openblas_set_num_threads(int count);

namespace samoyed::worker {

void use_one_thread() {
  static const bool kernels_chosen = (choose_openblas_kernels(), true);
  static_cast<void>(kernels_chosen);
  thread_local const bool told = [] {
    at::set_num_threads(1);
    openblas_set_num_threads(1);
    return true;
  }();
  static_cast<void>(told);
}

}  // namespace samoyed::worker
