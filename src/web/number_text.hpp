#pragma once

#include <string>

namespace samoyed::web {

// Numbers as pages show them.

/// With so many decimals, for numbers of everyday size: below 1e40, up to 9 decimals.
std::string fixed_text(double number, int decimals);

/// 0.93009 as `93.009%`: always three decimals; what is no number in 0..1 is brought there.
std::string percent_text(double probability);

/// 0..100; what is no number in 0..1 is brought there.
double percent(double probability);

}  // namespace samoyed::web
