#include "samoyed/io/event.hpp"

#include <system_error>

#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace samoyed::io {

asio::awaitable<void> Event::wait_until(Clock::time_point time) {
  timer_.expires_at(time);
  std::error_code ignored;  // Both the timeout and `notify` end the wait.
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> sleep_until(std::chrono::steady_clock::time_point time) {
  Event event(co_await asio::this_coro::executor);
  co_await event.wait_until(time);
}

asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration duration) {
  return sleep_until(std::chrono::steady_clock::now() + duration);
}

}  // namespace samoyed::io
