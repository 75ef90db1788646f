#include "samoyed/io/connector.hpp"

#include <algorithm>
#include <list>
#include <optional>
#include <utility>

#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include "samoyed/io/errc.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::io {

using asio::ip::tcp;

Connector::Clock::duration head_start(Connector::Clock::duration time_left, std::size_t attempts) {
  const auto count = static_cast<Connector::Clock::rep>(std::max<std::size_t>(attempts, 1));
  return std::min<Connector::Clock::duration>(head_start_max, time_left / count);
}

std::vector<tcp::endpoint> interleaved(const std::vector<tcp::endpoint>& endpoints) {
  std::vector<tcp::endpoint> order;
  if (endpoints.empty()) return order;
  const auto first_family = endpoints.front().protocol();
  auto first = endpoints.begin();
  auto second = endpoints.begin();
  const auto take = [&](auto& position, bool of_first_family) {
    position = std::find_if(position, endpoints.end(), [&](const tcp::endpoint& endpoint) {
      return (endpoint.protocol() == first_family) == of_first_family;
    });
    if (position != endpoints.end()) order.push_back(*position++);
  };
  while (order.size() < endpoints.size()) {
    take(first, true);
    take(second, false);
  }
  return order;
}

/// The attempts of one `connect`. Their handlers share it, because they may run after the end.
struct Connector::Race : std::enable_shared_from_this<Race> {
  Race(const asio::any_io_executor& executor, std::vector<tcp::endpoint> order,
       Clock::time_point end)
      : endpoints(std::move(order)),
        deadline(end),
        winner(executor),
        timer(executor),
        ended(executor) {
    if (endpoints.size() > connect_attempts_max) endpoints.resize(connect_attempts_max);
    pause = head_start(deadline - Clock::now(), endpoints.size());
  }

  /// Begins the next attempt whose socket can be opened.
  void begin_next() {
    while (next < endpoints.size()) {
      const tcp::endpoint endpoint = endpoints[next++];
      auto& socket = attempts.emplace_back(winner.get_executor());
      socket.open(endpoint.protocol(), last_error);
      if (last_error) continue;
      ++pending;
      next_begins_at = Clock::now() + pause;
      socket.async_connect(endpoint, [self = shared_from_this(), &socket](std::error_code error) {
        self->on_attempt_end(socket, error);
      });
      set_timer();
      return;
    }
    if (pending == 0) {
      end(last_error);
    } else {
      set_timer();
    }
  }

  void on_attempt_end(tcp::socket& socket, std::error_code error) {
    --pending;
    if (result) return;
    if (!error) {
      winner = std::move(socket);
      end({});
      return;
    }
    last_error = error;
    begin_next();
  }

  void set_timer() {
    const auto time = next < endpoints.size() ? std::min(next_begins_at, deadline) : deadline;
    if (time == Clock::time_point::max()) {
      timer.cancel();
      return;
    }
    timer.expires_at(time);
    timer.async_wait([self = shared_from_this()](std::error_code error) {
      if (!error && !self->result) self->on_time();
    });
  }

  void on_time() {
    if (Clock::now() >= deadline) {
      end(Errc::timed_out);
    } else {
      begin_next();
    }
  }

  void end(std::error_code error) {
    if (result) return;
    result = error;
    timer.cancel();
    for (tcp::socket& attempt : attempts) {
      std::error_code ignored;  // It may not be open.
      attempt.close(ignored);
    }
    ended.notify();
  }

  std::vector<tcp::endpoint> endpoints;
  const Clock::time_point deadline;
  Clock::duration pause;  ///< The head start of each attempt.
  Clock::time_point next_begins_at;
  std::size_t next = 0;  ///< The endpoint whose attempt begins next.
  std::size_t pending = 0;
  std::list<tcp::socket> attempts;  ///< A list, because handlers refer to its elements.
  std::error_code last_error = asio::error::not_found;
  tcp::socket winner;
  std::optional<std::error_code> result;
  asio::steady_timer timer;
  Event ended;
};

asio::awaitable<tcp::socket> Connector::connect(std::vector<tcp::endpoint> endpoints,
                                                Clock::time_point deadline,
                                                std::error_code& error) {
  const auto race = std::make_shared<Race>(executor_, interleaved(endpoints), deadline);
  race_ = race;
  race->begin_next();
  while (!race->result) co_await race->ended.wait();
  error = *race->result;
  co_return std::move(race->winner);
}

void Connector::cancel() {
  if (const auto race = race_.lock()) race->end(asio::error::operation_aborted);
}

}  // namespace samoyed::io
