// A parsed address is formatted in a form that parses to the same address.

#include "samoyed/protocol/address.hpp"

#include "fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  using namespace samoyed::protocol;
  const std::string_view text = as_text(data, size);
  if (const auto address = parse_address(text)) {
    check(address->port != 0 && !address->host.empty(), "an address has a host and a port");
    check(address->host.find_first_of("/@ <>\"'&\\?#\r\n") == std::string::npos,
          "a host contains no characters with a special meaning elsewhere");
    check(parse_address(to_string(*address)) == address, "to_string and parse_address round-trip");
  }
  if (const auto host = parse_host(text)) {
    check(parse_host(*host) == host, "a parsed host is in its canonical form");
  }
  return 0;
}
