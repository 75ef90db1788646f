#pragma once

#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include <asio/ip/address.hpp>

namespace samoyed::dispatcher {

/// The addresses of a name, or the error of its look-up.
struct FoundAddresses {
  std::error_code error;
  std::vector<asio::ip::address> addresses;
};

/// Finds the addresses of a name. May block.
using LookUp = std::function<FoundAddresses(const std::string& name)>;

/// Asks the system for the addresses of a name. Blocks for as long as that takes.
FoundAddresses look_up_name(const std::string& name);

}  // namespace samoyed::dispatcher
