#include "worker/network/openblas.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <dlfcn.h>
#include <string_view>

// Declared here because cblas.h may belong to another BLAS, depending on Debian's alternatives.
extern "C" const char* openblas_get_corename();
extern "C" void openblas_set_num_threads(int count);

namespace samoyed::worker {
namespace {

constexpr const char* variable = "OPENBLAS_CORETYPE";

#if defined(__x86_64__)

/// The core names of OpenBLAS 0.3.21 and later whose kernels use AVX2 or more.
constexpr std::array<std::string_view, 6> modern_cores{"Haswell",  "Zen",        "Excavator",
                                                       "SkylakeX", "Cooperlake", "SapphireRapids"};

/// Returns the core name of the best kernels that the processor can run, or an empty string if
/// OpenBLAS has already chosen well.
const char* better_core() {
  const std::string_view chosen = openblas_get_corename();
  if (std::find(modern_cores.begin(), modern_cores.end(), chosen) != modern_cores.end()) return "";
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
  return "";
}

#else

const char* better_core() { return ""; }

#endif

}  // namespace

/// OpenBLAS reads the variable when it is loaded, before any of our code runs. It does so through
/// two functions that it exports but declares in no header; calling them makes it read the variable
/// again. If they are missing, nothing changes.
void choose_openblas_kernels() {
  if (std::getenv(variable) != nullptr) return;
  const std::string_view better = better_core();
  if (better.empty()) return;
  using Function = void (*)();
  const auto quit = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_quit"));
  const auto init = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init"));
  if (quit == nullptr || init == nullptr) return;
  setenv(variable, better.data(), /*overwrite=*/0);
  quit();
  init();
  unsetenv(variable);
}

/// Builds of OpenBLAS with threads of their own have a function to end them, which no header
/// declares either. A later call of openblas_set_num_threads would start the threads again.
void end_openblas_threads() {
  openblas_set_num_threads(1);
  using Function = int (*)();
  const auto shut_down = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, "blas_thread_shutdown_"));
  if (shut_down != nullptr) shut_down();
}

}  // namespace samoyed::worker
