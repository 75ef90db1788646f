// A network and an address that may be in it, one per line.

#include "samoyed/io/network_list.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  using samoyed::io::NetworkList;
  const std::string_view input = as_text(data, size);
  const std::size_t line_end = std::min(input.find('\n'), input.size());
  const std::string network(input.substr(0, line_end));
  const std::string_view address = input.substr(std::min(line_end + 1, input.size()));
  // A network comes from the command line, whose arguments contain no zero bytes.
  if (network.find('\0') != std::string::npos) return -1;
  try {
    const NetworkList networks({network});
    const bool alone = networks.contains(address);
    check(!NetworkList().contains(address), "an empty list contains no address");
    check(NetworkList({network, network}).contains(address) == alone,
          "listing a network twice makes no difference");
    if (alone) {
      // `contains` ignores a zone, which a network can't have.
      const std::string bare(address.substr(0, address.find('%')));
      check(NetworkList({bare}).contains(address), "anything in a network is an address");
    }
  } catch (const std::runtime_error& error) {
    check(std::string_view(error.what()).find("10.0.0.0/8") != std::string_view::npos,
          "an error says what is accepted");
  }
  return 0;
}
