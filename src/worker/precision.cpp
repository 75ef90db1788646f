#include "worker/precision.hpp"

#include <dnnl.hpp>

namespace samoyed::worker {
namespace {

/// Whether the processor, and the kernel that must save its tiles, have AMX: oneDNN names a set of
/// instructions by bits, of which a larger set has more.
bool has_amx() {
  const auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_amx);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

}  // namespace

std::string to_string(Precision precision) {
  return precision == Precision::bf16 ? "bf16" : "fp32";
}

std::optional<std::string> why_unsupported(Precision precision) {
  if (precision == Precision::fp32 || has_amx()) return std::nullopt;
  return "bf16 is slower than fp32 on a processor without AMX-BF16, as this one is: use "
         "--precision fp32";
}

}  // namespace samoyed::worker
