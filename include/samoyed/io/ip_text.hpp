#pragma once

#include <string>
#include <string_view>

namespace samoyed::io {

/// True for an IP address in text form, false for a name. `host` has the form that parse_host gives
/// it.
bool is_ip_literal(std::string_view host);

/// Turns an IPv4 address in its IPv6 form (`::ffff:10.0.0.1`) into IPv4; returns any other text as
/// it is.
std::string unmapped_ip(std::string_view host);

/// The key by which a client is counted. An IPv6 address counts as its network half
/// (`2001:db8:1:2::/64`), because one host may choose freely within the other half; any other text
/// is its own key.
std::string limit_key(std::string_view address);

}  // namespace samoyed::io
