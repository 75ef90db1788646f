#pragma once

#include <optional>
#include <string>

namespace samoyed::worker {

/// The number format in which the network computes. In both cases weights are stored, and logits
/// returned, as float32.
enum class Precision {
  fp32,
  /// bfloat16 products, summed in float32. Faster only if the processor multiplies bfloat16
  /// matrices in hardware (Intel's AMX), and less exact: a logit differs by up to 0.1.
  bf16,
};

/// Returns `fp32` or `bf16`, the values of the option --precision.
inline std::string to_string(Precision precision) {
  return precision == Precision::bf16 ? "bf16" : "fp32";
}

/// Returns why this processor should not compute in that precision, as one sentence that also says
/// what to do, or `std::nullopt` if the processor supports it.
std::optional<std::string> why_unsupported(Precision precision);

}  // namespace samoyed::worker
