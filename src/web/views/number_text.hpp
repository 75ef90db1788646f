#pragma once

#include <string>

namespace samoyed::web {

// Formats numbers for pages.

/// Formats a number with that many decimals. A number that would need more than 64 characters
/// becomes `1e+300`.
std::string fixed_text(double number, int decimals);

/// Formats 0.93009 as `93.009%`, always with three decimals. Values outside 0..1 are clamped, and
/// NaN counts as 0.
std::string percent_text(double probability);

/// Formats 0.93009 as `93.0 % sure`. Clamps like `percent_text`.
std::string sure_text(double probability);

/// Converts a probability to 0..100. Clamps like `percent_text`.
double percent(double probability);

}  // namespace samoyed::web
