#pragma once

#include <cstdint>
#include <string_view>

#include <boost/beast/core/error.hpp>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Returns the problem of a request that the HTTP library can't parse. `unread` begins with the
/// bytes that it was given; `body_bytes_max` is the limit to
/// name for the body.
Problem parse_problem(boost::beast::error_code error, std::string_view unread,
                      std::uint64_t body_bytes_max);

}  // namespace samoyed::web
