// An address that was read is written in a form that reads as the same.

#include "samoyed/protocol/address.hpp"

#include "fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  using namespace samoyed::protocol;
  const std::string_view text = as_text(data, size);
  if (const auto address = parse_address(text)) {
    check(address->port != 0 && !address->host.empty(), "an address is whole");
    check(address->host.find_first_of("/@ <>\"'&\\%?#\r\n") == std::string::npos,
          "a host holds nothing that means more elsewhere");
    check(parse_address(to_string(*address)) == address, "to_string and back");
  }
  if (const auto host = parse_host(text)) {
    check(parse_host(*host) == host, "a host is in its final form");
  }
  return 0;
}
