#pragma once

#include <string>
#include <string_view>

namespace samoyed::io {

/// True if `host` is an IP address in text form, false if it is a name. `host` must have the form
/// that parse_host returns.
bool is_ip_literal(std::string_view host);

/// Turns an IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) into IPv4; returns any other text
/// unchanged.
std::string unmapped_ip(std::string_view host);

/// The key under which a client is counted. An IPv6 address is reduced to its network half
/// (`2001:db8:1:2::/64`), because a host can pick any address in the other half. Any other text is
/// its own key.
std::string limit_key(std::string_view address);

}  // namespace samoyed::io
