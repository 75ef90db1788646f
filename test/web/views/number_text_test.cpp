#include "web/views/number_text.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

TEST_CASE("percentages have three decimals, whatever the number") {
  CHECK(percent_text(0.93009) == "93.009%");
  CHECK(percent_text(1) == "100.000%");
  CHECK(percent_text(1e-9) == "0.000%");
  CHECK(percent_text(-1) == "0.000%");
  CHECK(percent_text(7) == "100.000%");
  CHECK(percent_text(std::nan("")) == "0.000%");
  CHECK(percent_text(std::numeric_limits<double>::infinity()) == "100.000%");
}

TEST_CASE("a best label's probability has one decimal") {
  CHECK(sure_text(0.93009) == "93.0 % sure");
  CHECK(sure_text(2) == "100.0 % sure");
  CHECK(sure_text(std::nan("")) == "0.0 % sure");
}

TEST_CASE("numbers have the requested decimals") {
  CHECK(fixed_text(34.26, 1) == "34.3");
  CHECK(fixed_text(0, 0) == "0");
  CHECK(fixed_text(-1.5, 3) == "-1.500");
  CHECK(fixed_text(1e300, 1) == "1e+300");
  CHECK(fixed_text(-std::numeric_limits<double>::max(), 1) == "-2e+308");
}

}  // namespace
}  // namespace samoyed::web
