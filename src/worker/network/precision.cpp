#include "worker/network/precision.hpp"

#include "worker/network/onednn_isa.hpp"

namespace samoyed::worker {

std::optional<std::string> why_unsupported(Precision precision) {
  if (precision == Precision::fp32 || onednn_may_use(dnnl::cpu_isa::avx512_core_amx))
    return std::nullopt;
  return "bf16 is slower than fp32 on a processor without AMX-BF16, as this one is: use "
         "--precision fp32";
}

}  // namespace samoyed::worker
