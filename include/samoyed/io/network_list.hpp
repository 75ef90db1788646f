#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <asio/ip/address.hpp>
#include <asio/ip/network_v4.hpp>
#include <asio/ip/network_v6.hpp>

namespace samoyed::io {

/// Turns an IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) into IPv4; returns any other address
/// unchanged.
asio::ip::address unmapped(const asio::ip::address& address);

/// A set of IP networks, for example the networks that workers may be in, or the trusted proxies.
/// It is immutable, so any thread may use it.
class NetworkList {
 public:
  /// Contains no address.
  NetworkList() = default;

  /// Accepts networks (`10.0.0.0/8`, `fd00::/8`) and single addresses. For anything else, throws
  /// std::runtime_error with a sentence that says what is accepted.
  explicit NetworkList(const std::vector<std::string>& networks);

  /// Contains the addresses of `networks` that are not in `except`.
  NetworkList(const std::vector<std::string>& networks, const std::vector<std::string>& except);

  /// Ignores the zone of a link-local address (`fe80::1%eth0`).
  bool contains(const asio::ip::address& address) const;

  /// Returns false for a host name, because only an address can be in a network.
  bool contains(std::string_view address) const;

 private:
  struct Ranges {
    explicit Ranges(const std::vector<std::string>& networks);
    void add(const std::string& text);
    bool contains(const asio::ip::address& address) const;

    std::vector<asio::ip::network_v4> v4;
    std::vector<asio::ip::network_v6> v6;
  };

  Ranges networks_{{}};
  Ranges except_{{}};
};

/// The loopback addresses, the private ranges of RFC 1918 and the unique local addresses of RFC
/// 4193. The addresses where cloud providers serve their machines' secrets are left out: link-local
/// ones such as 169.254.169.254, and the networks of AWS (fd00:ec2::254), Google (fd20:ce::254),
/// Oracle (fd00:c1::a9fe:a9fe) and Scaleway (fd00:42::42), each as a /32.
const NetworkList& private_networks();

}  // namespace samoyed::io
