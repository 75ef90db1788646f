#include "web/http/event_stream.hpp"

#include <utility>

namespace samoyed::web {

std::string server_sent_event(std::string_view name, std::string_view data, std::string_view id) {
  std::string text = "event: ";
  text.append(name);
  if (!id.empty()) text.append("\nid: ").append(id);
  text.append("\ndata: ").append(data).append("\n\n");
  return text;
}

Response event_stream(std::shared_ptr<Feed> feed) {
  Response response{200,
                    {{"Content-Type", "text/event-stream"},
                     {"Cache-Control", "no-store"},
                     // Otherwise, nginx holds events back until they fill its buffer.
                     {"X-Accel-Buffering", "no"}},
                    {}};
  response.stream = true;
  response.endless = true;
  response.last_piece = event_retry;
  response.feed = std::move(feed);
  return response;
}

}  // namespace samoyed::web
