#pragma once

#include <cmath>
#include <string>

#include <CLI/CLI.hpp>

namespace samoyed::io {

/// For an option's number: from `least` to `most`. CLI::Range alone lets NaN through.
inline CLI::Validator number_range(double least, double most) {
  const CLI::Range range(least, most);
  const auto check = [range](std::string& text) {
    double number = 0;
    if (CLI::detail::lexical_cast(text, number) && std::isnan(number)) {
      return "Value " + text + " is no number";
    }
    return range(text);
  };
  return {check, range.get_description()};
}

}  // namespace samoyed::io
