#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// The cookie that identifies a visitor's results. It holds only a random id, and the browser keeps
/// it for a year.
inline constexpr std::string_view visitor_cookie = "samoyed_visitor";

/// Stands for a visitor who sends no cookie and gets none. No row belongs to it.
inline constexpr std::string_view no_visitor = "-";

/// Returns the id in a request's cookie, or std::nullopt if there is no id in the form that this
/// server uses.
std::optional<std::string> find_visitor(const Fields& fields);

/// Returns the field that makes a browser keep the id.
Field keep_visitor(std::string_view id, bool https);

}  // namespace samoyed::web
