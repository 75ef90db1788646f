#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace samoyed::io {

/// Checks that an option's value is a whole number from `least` to `most`.
template <std::integral Number>
CLI::Validator whole_number_range(Number least, Number most) {
  const std::string range = std::to_string(least) + " to " + std::to_string(most);
  const auto check = [=](std::string& text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const bool digits = !text.empty() && rest == end;
    if (digits && error == std::errc() && number >= least && number <= most) return std::string();
    return "must be " + std::string(digits ? "" : "a whole number ") + "from " + range + ", not " +
           text;
  };
  return {check, "[range: " + range + "]"};
}

/// Checks that an option's value is a number from `least` to `most`.
inline CLI::Validator number_range(double least, double most) {
  // Enough digits to write a million as such.
  std::ostringstream bounds;
  bounds << std::setprecision(7) << least << " to " << most;
  const std::string range = bounds.str();
  const auto check = [=](std::string& text) {
    double number = 0;
    // Without the last test, NaN would pass as a number.
    const bool is_number = CLI::detail::lexical_cast(text, number) && !std::isnan(number);
    if (is_number && number >= least && number <= most) return std::string();
    return "must be " + std::string(is_number ? "" : "a number ") + "from " + range + ", not " +
           text;
  };
  return {check, "[range: " + range + "]"};
}

/// Checks that an option's value is one of these words.
inline CLI::Validator one_of(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  const auto check = [=](std::string& text) {
    if (std::ranges::find(words, text) != words.end()) return std::string();
    return (words.size() == 2 ? "must be " + words[0] + " or " + words[1]
                              : "must be one of " + list) +
           ", not " + text;
  };
  return {check, "[values: " + list + "]"};
}

/// Checks that an option's value is a port.
inline CLI::Validator port_range(int least = 0) { return whole_number_range(least, 65535); }

}  // namespace samoyed::io
