#include "samoyed/io/ip_text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdint>

namespace samoyed::io {
namespace {

/// The first half of an IPv6 address identifies the network (RFC 4291, section 2.5.4).
constexpr std::size_t network_bytes = 8;

bool parse(std::string_view text, in6_addr& binary) {
  return text.find('\0') == text.npos &&
         inet_pton(AF_INET6, std::string(text).c_str(), &binary) == 1;
}

}  // namespace

bool is_ip_literal(std::string_view host) {
  in_addr binary;
  return host.find(':') != host.npos || inet_pton(AF_INET, std::string(host).c_str(), &binary) == 1;
}

std::string unmapped_ip(std::string_view host) {
  in6_addr binary;
  if (!parse(host, binary) || !IN6_IS_ADDR_V4MAPPED(&binary)) return std::string(host);
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, binary.s6_addr + 12, text, sizeof text);
  return text;
}

std::string limit_key(std::string_view address) {
  const std::string plain = unmapped_ip(address);
  in6_addr binary;
  if (!parse(plain, binary)) return plain;
  std::fill(binary.s6_addr + network_bytes, binary.s6_addr + sizeof binary.s6_addr,
            std::uint8_t{0});
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, &binary, text, sizeof text);
  return std::string(text) + "/64";
}

}  // namespace samoyed::io
