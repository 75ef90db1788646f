#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <asio/ip/address.hpp>
#include <asio/ip/network_v4.hpp>
#include <asio/ip/network_v6.hpp>

namespace samoyed::io {

/// Turns an IPv4 address in its IPv6 form (`::ffff:10.0.0.1`) into IPv4.
asio::ip::address unmapped(const asio::ip::address& address);

/// A set of IP networks, such as those that workers may be in, or trusted proxies. It never changes
/// after it was built, so any thread may use it.
class NetworkList {
 public:
  /// Holds no address.
  NetworkList() = default;

  /// Takes `10.0.0.0/8`, `fd00::/8`, or single addresses. Throws std::runtime_error, with a
  /// sentence that says what is accepted, for anything else.
  explicit NetworkList(const std::vector<std::string>& networks);

  bool contains(const asio::ip::address& address) const;

  /// False for a name: only an address can be in a network.
  bool contains(std::string_view address) const;

 private:
  void add(const std::string& text);

  std::vector<asio::ip::network_v4> v4_;
  std::vector<asio::ip::network_v6> v6_;
};

/// This machine, the private ranges of RFC 1918 and the unique local addresses of RFC 4193. Not the
/// link-local ones: clouds keep their machines' secrets at 169.254.169.254.
const std::vector<std::string>& private_networks();

}  // namespace samoyed::io
