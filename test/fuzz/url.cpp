// A request's target, percent-encoding and the query.

#include "web/http/url.hpp"

#include <algorithm>
#include <string>

#include "fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  using namespace samoyed::web;
  const std::string_view text = as_text(data, size);
  const std::string encoded = percent_encode(text);
  check(percent_decode(encoded) == std::string(text),
        "percent_encode and percent_decode round-trip");
  check(std::all_of(encoded.begin(), encoded.end(),
                    [](char c) { return c > 0x20 && c < 0x7F && c != '<' && c != '"'; }),
        "encoded text is safe anywhere");
  if (const auto decoded = percent_decode(text)) {
    check(decoded->size() <= text.size(), "decoding makes no text longer");
  }
  if (const auto target = parse_target(text)) {
    check(target->path.starts_with('/'), "a path begins with a slash");
    check(target->path.find('?') == target->path.npos, "a path ends at the question mark");
    const auto value = query_value(target->query, "address");
    if (value) check(value->size() <= text.size(), "a value is not longer than the target");
  }
  return 0;
}
