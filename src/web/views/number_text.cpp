#include "web/views/number_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace samoyed::web {

std::string fixed_text(double number, int decimals) {
  char digits[64];
  auto end =
      std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed, decimals);
  if (end.ec != std::errc()) {
    end = std::to_chars(digits, digits + sizeof digits, number, std::chars_format::scientific, 0);
  }
  return {digits, end.ptr};
}

double percent(double probability) {
  if (std::isnan(probability)) return 0;
  return std::clamp(probability, 0.0, 1.0) * 100;
}

std::string percent_text(double probability) { return fixed_text(percent(probability), 3) + "%"; }

std::string sure_text(double probability) {
  return fixed_text(percent(probability), 1) + " % sure";
}

}  // namespace samoyed::web
