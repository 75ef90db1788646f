#pragma once

#include <string>

namespace samoyed::web {

// Numbers as pages show them.

/// With so many decimals; a number that would have more than 64 characters as `1e+300`.
std::string fixed_text(double number, int decimals);

/// 0.93009 as `93.009%`: always three decimals; what is no number in 0..1 is brought there.
std::string percent_text(double probability);

/// 0..100; what is no number in 0..1 is brought there.
double percent(double probability);

}  // namespace samoyed::web
