#include "worker/network/precision.hpp"

#include "worker/network/onednn_isa.hpp"

namespace samoyed::worker {

std::optional<std::string> why_unsupported(Precision precision) {
  if (precision == Precision::fp32 || onednn_may_use(dnnl::cpu_isa::avx512_core_amx))
    return std::nullopt;
  return "this processor has no AMX-BF16, and without it bf16 is slower than fp32: use "
         "--precision fp32";
}

}  // namespace samoyed::worker
