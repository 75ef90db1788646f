#include "samoyed/io/network_list.hpp"

#include <stdexcept>
#include <system_error>

namespace samoyed::io {

asio::ip::address unmapped(const asio::ip::address& address) {
  const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  return mapped ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()) : address;
}

NetworkList::NetworkList(const std::vector<std::string>& networks) {
  for (const std::string& text : networks) add(text);
}

bool NetworkList::contains(const asio::ip::address& address) const {
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

bool NetworkList::contains(std::string_view address) const {
  if (address.find('\0') != address.npos) return false;  // Asio's parser would stop at it.
  std::error_code error;
  const auto parsed = asio::ip::make_address(std::string(address), error);
  return !error && contains(parsed);
}

void NetworkList::add(const std::string& text) {
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
                           "\" is not a network; expected an IP address or a network " +
                           "such as 10.0.0.0/8 or fd00::/8");
}

const std::vector<std::string>& private_networks() {
  static const std::vector<std::string> networks{"127.0.0.0/8",   "::1/128",        "10.0.0.0/8",
                                                 "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};
  return networks;
}

}  // namespace samoyed::io
