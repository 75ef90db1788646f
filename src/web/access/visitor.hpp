#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Tells a visitor's results from others': no more than a random id, which the browser keeps for a
/// year.
inline constexpr std::string_view visitor_cookie = "samoyed_visitor";

/// A visitor who sends no cookie and gets none: no row belongs to that name.
inline constexpr std::string_view no_visitor = "-";

/// The id in a request's cookie; std::nullopt if there is none that we could have given.
std::optional<std::string> find_visitor(const Fields& fields);

/// The field that lets a browser keep it.
Field keep_visitor(std::string_view id, bool https);

}  // namespace samoyed::web
