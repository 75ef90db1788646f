// Payloads of sizes, hellos and results: a parsed value is formatted in a form that parses to the
// same value.

#include "samoyed/protocol/wire.hpp"

#include "fuzz/check.hpp"
#include "samoyed/protocol/limits.hpp"

namespace samoyed::fuzz {
namespace {

using namespace protocol;

void try_size(std::string_view payload, Dialect dialect) {
  const ParsedSize size = parse_size(payload, dialect);
  if (size.error) return;
  const auto top = size.request.top.value_or(1);
  check(top >= 1 && top <= top_max, "top is within its limits");
  const auto side = size.request.thumbnail_side.value_or(1);
  check(side >= 1 && side <= thumbnail_side_max, "a thumbnail's side is within its limits");
  check(!size.request.timeout || size.request.timeout->count() > 0, "a timeout is positive");
  const ParsedSize again = parse_size(format_size(size.request), dialect);
  check(!again.error && again.request == size.request, "a size round-trips");
}

void try_hello(std::string_view payload) {
  const auto hello = parse_hello(payload);
  if (hello) check(parse_hello(format_hello(*hello)) == hello, "a hello round-trips");
}

void try_result(std::string_view payload, Dialect dialect) {
  const auto result = parse_result(payload, dialect);
  if (!result) return;
  const std::string text = format_result(*result, dialect);
  const auto again = parse_result(text, dialect);
  check(again.has_value(), "a parsed result can be formatted and parsed again");
  check(format_result(*again, dialect) == text, "a result round-trips");
  if (const auto* recognition = std::get_if<Recognition>(&*result)) {
    check(*again == Result(*recognition), "a recognition survives the round trip");
  }
}

}  // namespace
}  // namespace samoyed::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  const std::string_view payload = as_text(data, size);
  for (const Dialect dialect : {Dialect::plain, Dialect::extended}) {
    try_size(payload, dialect);
    try_result(payload, dialect);
  }
  try_hello(payload);
  return 0;
}
