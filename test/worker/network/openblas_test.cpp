#include "worker/network/openblas.hpp"

#include <string>

#include <catch2/catch.hpp>

extern "C" const char* openblas_get_corename();

#if defined(__x86_64__)
TEST_CASE("OpenBLAS uses kernels that fit the processor, even if it doesn't recognize it") {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    WARN("skipped: needs a processor with AVX2");
    return;
  }
  samoyed::worker::choose_openblas_kernels();
  const std::string core = openblas_get_corename();
  CAPTURE(core);
  for (const std::string old : {"Prescott", "Core2", "Nehalem", "Sandybridge", "Barcelona"}) {
    CHECK(core != old);
  }
}
#endif
