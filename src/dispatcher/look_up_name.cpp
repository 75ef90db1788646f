#include "samoyed/dispatcher/look_up_name.hpp"

#include <algorithm>
#include <cerrno>
#include <netdb.h>
#include <sys/socket.h>

#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>

namespace samoyed::dispatcher {
namespace {

/// The error code for a result of getaddrinfo.
std::error_code lookup_error(int result) {
  switch (result) {
    case EAI_SYSTEM:
      return {errno, std::system_category()};
    case EAI_MEMORY:
      return make_error_code(std::errc::not_enough_memory);
    case EAI_AGAIN:
      return asio::error::host_not_found_try_again;
    default:
      return asio::error::host_not_found;
  }
}

}  // namespace

FoundAddresses look_up_name(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int result = getaddrinfo(name.c_str(), nullptr, &hints, &list); result != 0) {
    return {lookup_error(result), {}};
  }
  FoundAddresses found;
  for (const addrinfo* info = list; info; info = info->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (info->ai_addrlen > endpoint.capacity()) continue;
    std::copy_n(reinterpret_cast<const char*>(info->ai_addr), info->ai_addrlen,
                reinterpret_cast<char*>(endpoint.data()));
    endpoint.resize(info->ai_addrlen);
    found.addresses.push_back(endpoint.address());
  }
  freeaddrinfo(list);
  return found;
}

}  // namespace samoyed::dispatcher
