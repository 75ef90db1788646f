#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <asio/ip/address.hpp>
#include <asio/ip/network_v4.hpp>
#include <asio/ip/network_v6.hpp>

namespace samoyed::io {

/// An IPv4 address that is written as an IPv6 one (`::ffff:10.0.0.1`) is the IPv4 address.
inline asio::ip::address unmapped(const asio::ip::address& address) {
  const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  return mapped ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()) : address;
}

/// A set of IP networks: who may be a worker, which proxies are believed. Never changes after it
/// was built, so any thread may ask.
class NetworkList {
 public:
  /// Holds no address.
  NetworkList() = default;

  /// Takes `10.0.0.0/8`, `fd00::/8`, or one address. Throws std::runtime_error, with a sentence
  /// that says what is accepted, for everything else.
  explicit NetworkList(const std::vector<std::string>& networks) {
    for (const std::string& text : networks) add(text);
  }

  bool contains(const asio::ip::address& address) const {
    const asio::ip::address plain = unmapped(address);
    if (plain.is_v4()) {
      for (const auto& network : v4_) {
        if (asio::ip::network_v4(plain.to_v4(), network.prefix_length()).network() ==
            network.network()) {
          return true;
        }
      }
      return false;
    }
    for (const auto& network : v6_) {
      if (asio::ip::network_v6(plain.to_v6(), network.prefix_length()).network() ==
          network.network()) {
        return true;
      }
    }
    return false;
  }

  /// False for a name: only an address can be in a network.
  bool contains(std::string_view address) const {
    if (address.find('\0') != address.npos) return false;  // Asio's parser would stop there.
    std::error_code error;
    const auto parsed = asio::ip::make_address(std::string(address), error);
    return !error && contains(parsed);
  }

 private:
  void add(const std::string& text) {
    std::error_code error;
    const auto address = asio::ip::make_address(text, error);
    const auto full_length = address.is_v4() ? "/32" : "/128";
    const std::string with_length = error ? text : text + full_length;
    if (const auto network = asio::ip::make_network_v4(with_length, error); !error) {
      v4_.push_back(network);
      return;
    }
    if (const auto network = asio::ip::make_network_v6(with_length, error); !error) {
      v6_.push_back(network);
      return;
    }
    throw std::runtime_error("\"" + text +
                             "\" is no network; expected an IP address or a network " +
                             "such as 10.0.0.0/8 or fd00::/8");
  }

  std::vector<asio::ip::network_v4> v4_;
  std::vector<asio::ip::network_v6> v6_;
};

/// This machine, the private ranges of RFC 1918 and the unique local addresses of RFC 4193. Not the
/// link-local ones: clouds keep their machines' secrets at 169.254.169.254.
inline const std::vector<std::string>& private_networks() {
  static const std::vector<std::string> networks{"127.0.0.0/8",   "::1/128",        "10.0.0.0/8",
                                                 "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};
  return networks;
}

}  // namespace samoyed::io
