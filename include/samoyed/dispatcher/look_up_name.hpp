#pragma once

#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include <asio/ip/address.hpp>

namespace samoyed::dispatcher {

/// The addresses of a host name, or why the lookup failed.
struct FoundAddresses {
  std::error_code error;
  std::vector<asio::ip::address> addresses;
};

/// Returns the addresses of a host name. May block.
using Lookup = std::function<FoundAddresses(const std::string& name)>;

/// Resolves a host name with getaddrinfo. May block.
FoundAddresses look_up_name(const std::string& name);

}  // namespace samoyed::dispatcher
