#include "samoyed/io/network_list.hpp"

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <type_traits>

namespace samoyed::io {

asio::ip::address unmapped(const asio::ip::address& address) {
  const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  return mapped ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()) : address;
}

NetworkList::NetworkList(const std::vector<std::string>& networks) : networks_(networks) {}

NetworkList::NetworkList(const std::vector<std::string>& networks,
                         const std::vector<std::string>& except)
    : networks_(networks), except_(except) {}

bool NetworkList::contains(const asio::ip::address& address) const {
  asio::ip::address plain = unmapped(address);
  // Networks have no zone.
  if (plain.is_v6()) plain = asio::ip::address_v6(plain.to_v6().to_bytes());
  return networks_.contains(plain) && !except_.contains(plain);
}

bool NetworkList::contains(std::string_view address) const {
  if (address.find('\0') != address.npos) return false;  // Asio's parser would stop at it.
  std::error_code error;
  const auto parsed = asio::ip::make_address(std::string(address), error);
  return !error && contains(parsed);
}

NetworkList::Ranges::Ranges(const std::vector<std::string>& networks) {
  for (const std::string& text : networks) add(text);
}

bool NetworkList::Ranges::contains(const asio::ip::address& address) const {
  const auto holds = [](const auto& own, const auto& other) {
    return std::remove_cvref_t<decltype(own)>(other, own.prefix_length()).network() ==
           own.network();
  };
  if (address.is_v4()) {
    return std::ranges::any_of(v4, [&](const auto& own) { return holds(own, address.to_v4()); });
  }
  return std::ranges::any_of(v6, [&](const auto& own) { return holds(own, address.to_v6()); });
}

void NetworkList::Ranges::add(const std::string& text) {
  std::error_code error;
  const auto address = asio::ip::make_address(text, error);
  const auto full_length = address.is_v4() ? "/32" : "/128";
  const std::string with_length = error ? text : text + full_length;
  if (const auto network = asio::ip::make_network_v4(with_length, error); !error) {
    v4.push_back(network);
    return;
  }
  if (const auto network = asio::ip::make_network_v6(with_length, error); !error) {
    v6.push_back(network);
    return;
  }
  throw std::runtime_error("\"" + text +
                           "\" is not a network; expected an IP address or a network " +
                           "such as 10.0.0.0/8 or fd00::/8");
}

const NetworkList& private_networks() {
  static const NetworkList networks(
      {"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"},
      {"fd00:ec2::/32", "fd20:ce::/32", "fd00:c1::/32", "fd00:42::/32"});
  return networks;
}

}  // namespace samoyed::io
