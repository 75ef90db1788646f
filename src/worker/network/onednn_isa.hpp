#pragma once

#include <dnnl.hpp>

namespace samoyed::worker {

/// Returns true if oneDNN may use these instructions: the processor has them, the operating system
/// saves their registers, and DNNL_MAX_CPU_ISA allows them. oneDNN represents an instruction set as
/// a bit mask; a larger set contains the bits of the smaller ones.
inline bool onednn_may_use(dnnl::cpu_isa instructions) {
  const auto wanted = static_cast<unsigned>(instructions);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

}  // namespace samoyed::worker
