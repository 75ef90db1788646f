#pragma once

#include <string>
#include <string_view>

namespace samoyed::protocol {

/// Whether a host, as parse_host gives it, is an address and not a name.
bool is_ip_literal(std::string_view host);

/// An IPv4 address that is written as an IPv6 one (`::ffff:10.0.0.1`) as IPv4; all else as it is.
std::string unmapped_ip(std::string_view host);

/// By what a client is counted: an IPv6 address by its network's half (`2001:db8:1:2::/64`), since
/// one host has all of the other half to choose from; everything else as it is.
std::string limit_key(std::string_view address);

}  // namespace samoyed::protocol
