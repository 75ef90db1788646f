#include "web/server/live_stream.hpp"

#include <utility>

#include "web/http/event_stream.hpp"

namespace samoyed::web {
namespace {

/// How long a stream waits for its next piece before it checks whether it should end.
constexpr std::chrono::milliseconds feed_pause{1000};

/// After this time without an event, a stream sends a comment, because proxies close connections
/// that are silent for 30 s or more.
constexpr std::chrono::seconds heartbeat_pause{15};

}  // namespace

LiveStream::LiveStream(std::shared_ptr<Feed> feed, Admission::Ticket place, bool heartbeats)
    : feed_(std::move(feed)),
      place_(std::move(place)),
      heartbeats_(heartbeats),
      heartbeat_at_(Clock::now() + heartbeat_pause) {}

asio::awaitable<std::optional<std::string>> LiveStream::next() {
  std::optional<std::string> piece = co_await feed_->next(Clock::now() + feed_pause);
  if (!piece) co_return std::nullopt;
  if (piece->empty() && heartbeats_ && Clock::now() >= heartbeat_at_) piece = event_heartbeat;
  if (!piece->empty()) heartbeat_at_ = Clock::now() + heartbeat_pause;
  co_return piece;
}

}  // namespace samoyed::web
