#include "web/server/live_stream.hpp"

#include <utility>

#include "web/http/event_stream.hpp"

namespace samoyed::web {
namespace {

/// How long a stream waits for its next piece before it checks whether it should end.
constexpr std::chrono::milliseconds feed_pause{1000};

}  // namespace

LiveStream::LiveStream(std::shared_ptr<Feed> feed, Admission::Ticket place,
                       std::optional<std::chrono::milliseconds> heartbeat)
    : feed_(std::move(feed)),
      place_(std::move(place)),
      heartbeat_(heartbeat),
      last_piece_(Clock::now()) {}

asio::awaitable<std::optional<std::string>> LiveStream::next() {
  std::optional<std::string> piece = co_await feed_->next(Clock::now() + feed_pause);
  if (!piece) co_return std::nullopt;
  const bool silent = heartbeat_ && Clock::now() - last_piece_ >= *heartbeat_;
  if (piece->empty() && silent) piece = event_heartbeat;
  if (!piece->empty()) last_piece_ = Clock::now();
  co_return piece;
}

}  // namespace samoyed::web
