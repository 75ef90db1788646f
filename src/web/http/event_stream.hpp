#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

// Server-sent events (WHATWG HTML, section 9.2).

/// An event of that name. `data` is one line.
std::string server_sent_event(std::string_view name, std::string_view data);

/// A comment: it shows that the server is still there, and finds out whether the client is.
inline constexpr std::string_view event_heartbeat = ":\n\n";

/// An endless stream of the feed's events.
Response event_stream(std::shared_ptr<Feed> feed);

}  // namespace samoyed::web
