#include "web/http/event_stream.hpp"

namespace samoyed::web {

std::string server_sent_event(std::string_view name, std::string_view data) {
  std::string text = "event: ";
  text.append(name).append("\ndata: ").append(data).append("\n\n");
  return text;
}

Response event_stream() {
  Response response{200,
                    {{"Content-Type", "text/event-stream"},
                     {"Cache-Control", "no-store"},
                     // Or nginx keeps events back until they fill its buffer.
                     {"X-Accel-Buffering", "no"}},
                    {}};
  response.stream = true;
  response.endless = true;
  return response;
}

}  // namespace samoyed::web
