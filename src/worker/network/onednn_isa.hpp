#pragma once

#include <dnnl.hpp>

namespace samoyed::worker {

/// Whether oneDNN may use these instructions: the processor has them, the kernel saves their
/// registers, and DNNL_MAX_CPU_ISA allows them. oneDNN names a set of instructions by bits, of
/// which a larger set has more.
inline bool onednn_may_use(dnnl::cpu_isa instructions) {
  const auto wanted = static_cast<unsigned>(instructions);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

}  // namespace samoyed::worker
