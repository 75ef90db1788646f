#include "worker/network/precision.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>

#include "worker/network/model_fixtures.hpp"
#include "worker/network/squeezenet.hpp"

using namespace samoyed::worker;

namespace {

/// Returns true if the kernel lists this feature of the processor.
bool kernel_names(const std::string& feature) {
  std::ifstream file("/proc/cpuinfo");
  std::stringstream text;
  text << file.rdbuf();
  return text.str().find(" " + feature) != std::string::npos;
}

}  // namespace

TEST_CASE("float32 is supported everywhere, bfloat16 only if the processor has AMX") {
  CHECK_FALSE(why_unsupported(Precision::fp32));
  CHECK(why_unsupported(Precision::bf16).has_value() == !kernel_names("amx_bf16"));
}

TEST_CASE("a precision that the processor doesn't support gives an error that says why") {
  const auto why = why_unsupported(Precision::bf16);
  if (!why) {
    WARN("skipped: needs a processor without AMX");
    return;
  }
  CHECK_THROWS_WITH(
      Squeezenet(samoyed::test::make_squeezenet(true, 7), {.precision = Precision::bf16}),
      "this processor has no AMX-BF16, and without it bf16 is slower than fp32: use "
      "--precision fp32");
}
