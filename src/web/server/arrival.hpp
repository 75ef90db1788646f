#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"
#include "web/routes/visit.hpp"
#include "web/server/site.hpp"

namespace samoyed::web {

/// Who sent the request with that head: by its fields, and the address that its connection comes from. An id
/// of its own is drawn where it brings none, and a visitor's where an upload's results will be kept.
Visit arrive(const Site& site, const Request& head, std::string_view peer_address, bool is_upload,
             std::chrono::steady_clock::time_point now);

}  // namespace samoyed::web
