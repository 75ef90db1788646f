#pragma once

#include <optional>
#include <string>

namespace samoyed::worker {

/// In which numbers the network computes. Weights are stored and logits are returned as float32 in
/// either case.
enum class Precision {
  fp32,
  /// bfloat16 products, summed up in float32: faster only where the processor multiplies matrices
  /// of them in hardware (Intel's AMX), and less exact: a logit differs by up to 0.1.
  bf16,
};

/// `fp32` or `bf16`, as the option --precision has it.
inline std::string to_string(Precision precision) {
  return precision == Precision::bf16 ? "bf16" : "fp32";
}

/// Why this processor should not compute in that precision, as one sentence that says what to do;
/// `std::nullopt` if it supports it.
std::optional<std::string> why_unsupported(Precision precision);

}  // namespace samoyed::worker
