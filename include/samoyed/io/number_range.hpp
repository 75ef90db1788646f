#pragma once

#include <cmath>
#include <string>

#include <CLI/CLI.hpp>

namespace samoyed::io {

/// Checks that an option's number is between `least` and `most`. CLI::Range alone would accept NaN.
inline CLI::Validator number_range(double least, double most) {
  const CLI::Range range(least, most);
  const auto check = [range](std::string& text) {
    double number = 0;
    if (CLI::detail::lexical_cast(text, number) && std::isnan(number)) {
      return "Value " + text + " is not a number";
    }
    return range(text);
  };
  return {check, range.get_description()};
}

}  // namespace samoyed::io
