#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

// Server-sent events (WHATWG HTML, section 9.2).

/// Returns the text of an event of that name. `data` must be one line. A client that comes back
/// sends the last `id` in Last-Event-ID; an empty one is left out.
std::string server_sent_event(std::string_view name, std::string_view data,
                              std::string_view id = {});

/// The field that names the last event that a client got.
inline constexpr std::string_view last_event_id_name = "Last-Event-ID";

/// A comment. It shows the client that the server is still there, and reveals a client that is
/// gone.
inline constexpr std::string_view event_heartbeat = ":\n\n";

/// Tells a client to reconnect after 2 s. It is sent when the server stops, since another server
/// may answer by then.
inline constexpr std::string_view event_retry = "retry: 2000\n\n";

/// Returns a response that streams the feed's events without an end.
Response event_stream(std::shared_ptr<Feed> feed);

}  // namespace samoyed::web
