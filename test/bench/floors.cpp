#include "floors.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace samoyed::bench {
namespace {

constexpr int repeats = 20;
/// More than a fused multiply-add's latency in cycles times the number that can start per cycle.
constexpr int chains = 12;
constexpr int rounds = 200000;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

#if defined(__x86_64__)

__attribute__((target("avx2,fma"))) float multiply_add_256() {
  const __m256 factor = _mm256_set1_ps(0.999f);
  __m256 sums[chains];
  for (__m256& sum : sums) sum = _mm256_set1_ps(1);
  for (int round = 0; round < rounds; ++round) {
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, factor, factor);
  }
  for (const __m256& sum : sums) sums[0] = _mm256_add_ps(sums[0], sum);
  return _mm256_cvtss_f32(sums[0]);
}

__attribute__((target("avx512f"))) float multiply_add_512() {
  const __m512 factor = _mm512_set1_ps(0.999f);
  __m512 sums[chains];
  for (__m512& sum : sums) sum = _mm512_set1_ps(1);
  for (int round = 0; round < rounds; ++round) {
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(sum, factor, factor);
  }
  for (const __m512& sum : sums) sums[0] = _mm512_add_ps(sums[0], sum);
  return _mm512_cvtss_f32(sums[0]);
}

double best_gflop_per_s() {
  const bool wide = __builtin_cpu_supports("avx512f") != 0;
  if (!wide && (__builtin_cpu_supports("avx2") == 0 || __builtin_cpu_supports("fma") == 0))
    return 0;
  const double operations = 2.0 * rounds * chains * (wide ? 16 : 8);
  double best = 0;
  volatile float kept = 0;  // Keeps the compiler from removing the computation.
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    kept = wide ? multiply_add_512() : multiply_add_256();
    best = std::max(best, operations / seconds_since(begin) * 1e-9);
  }
  static_cast<void>(kept);
  return best;
}

#else

double best_gflop_per_s() { return 0; }

#endif

double best_memory_gb_per_s() {
  const std::vector<std::uint64_t> memory(std::size_t{128} << 17, 1);  // 128 MiB
  double best = 0;
  volatile std::uint64_t kept = 0;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t sums[8]{};
    for (std::size_t i = 0; i < memory.size(); i += 8) {
      for (std::size_t j = 0; j < 8; ++j) sums[j] += memory[i + j];
    }
    for (const std::uint64_t sum : sums) kept = kept + sum;
    best = std::max(best, static_cast<double>(memory.size() * sizeof(std::uint64_t)) /
                              seconds_since(begin) * 1e-9);
  }
  return best;
}

}  // namespace

Floors measure_floors() { return {best_gflop_per_s(), best_memory_gb_per_s()}; }

}  // namespace samoyed::bench
