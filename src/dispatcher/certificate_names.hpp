#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// The names and IP addresses of which a worker's certificate must have one: the host of its
/// address and, if DNS has the worker, the name that --discover looks up. For SRV records that is
/// the part of it that a service belongs to (RFC 6125, section 6.2.1): DNS itself isn't trusted, so
/// the names that it returns aren't either.
std::vector<std::string> certificate_names(const protocol::Address& address,
                                           std::string_view discovered_by);

}  // namespace samoyed::dispatcher
