#pragma once

#include <string>
#include <string_view>

#include "samoyed/web/base_path.hpp"
#include "web/http/http_message.hpp"

namespace samoyed::web {

// A site may be offered below a path of a proxy, for example at https://www.example.org/samoyed/.
// That path is its base path. Handlers and pages know nothing of it: it is removed from the path of
// a request, and added to the addresses in a response.

/// Returns a request's path below the base path. Other paths are returned as they are, because a
/// proxy may have removed the base path.
std::string_view without_base_path(std::string_view path, std::string_view base_path);

/// Adds the base path to the links, forms and files of a page.
std::string page_below(std::string page, std::string_view base_path);

/// Adds the base path to the addresses in a response: Location, the Path of cookies, and those of a
/// page, unless `body_has_base_path` says that its body has them already.
void add_base_path(Response& response, std::string_view base_path);

}  // namespace samoyed::web
