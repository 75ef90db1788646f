// The client's address behind proxies. The input's first line is the peer's address, the others are
// header fields.

#include "web/http/client_address.hpp"

#include <algorithm>

#include "fuzz/check.hpp"

namespace samoyed::fuzz {
namespace {

using namespace web;

bool is_proxy(std::string_view address) { return address.starts_with("10."); }

/// Removes the first line from `text` and returns it.
std::string_view cut_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace
}  // namespace samoyed::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  std::string_view input = as_text(data, size);
  const std::string_view peer = cut_line(input);
  Fields fields;
  while (!input.empty()) {
    const std::string_view line = cut_line(input);
    const std::size_t colon = std::min(line.find(':'), line.size());
    fields.push_back({std::string(line.substr(0, colon)),
                      std::string(trimmed(line.substr(std::min(colon + 1, line.size()))))});
  }
  const Client nobody_trusted = find_client(peer, fields, [](auto) { return false; });
  check(nobody_trusted.address == peer && !nobody_trusted.https,
        "without a trusted proxy the client is the peer");
  const Client client = find_client(peer, fields, is_proxy);
  if (!is_proxy(peer)) check(client.address == peer, "a peer that is not a proxy is the client");
  check(!client.address.empty() || peer.empty(), "a client has an address");
  // Addresses that a client puts before those of the proxy make no difference.
  Fields spoofed = fields;
  const bool forwarded = count_fields(fields, "Forwarded") > 0;
  const bool also = count_fields(fields, "X-Forwarded-For") > 0;
  if (is_proxy(peer) && forwarded && !also && !is_proxy(client.address)) {
    spoofed.insert(spoofed.begin(), {"Forwarded", "for=198.51.100.99"});
    check(find_client(peer, spoofed, is_proxy).address == client.address,
          "the leftmost address can be forged and doesn't count");
  }
  return 0;
}
