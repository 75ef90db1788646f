#include "dispatcher/load/load.hpp"

#include <exception>
#include <utility>

#include <asio/co_spawn.hpp>

#include "dispatcher/load/arrivals.hpp"
#include "dispatcher/load/socket.hpp"

namespace samoyed::load {
namespace {

/// The pause of a client after a failure, so that it doesn't hammer a dead target.
constexpr std::chrono::milliseconds pause_after_failure{10};

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Load::Load(asio::io_context& io, Target& target, Settings settings, Tally& tally)
    : io_(io),
      target_(target),
      settings_(settings),
      tally_(tally),
      next_watch_(io.get_executor()) {}

void Load::start_closed_loop(int clients) {
  for (int i = 0; i < clients; ++i) spawn(send_one_by_one(add_client()));
  asio::co_spawn(io_, watch_deadlines(), rethrow);
}

void Load::start_open_loop(double rate_per_s, std::uint64_t seed, int in_flight_max) {
  spawn(send_when_due(rate_per_s, seed, in_flight_max));
  asio::co_spawn(io_, watch_deadlines(), rethrow);
}

asio::awaitable<void> Load::send_one_by_one(Client& client) {
  for (auto now = Clock::now(); now < tally_.window().end; now = Clock::now()) {
    const Ending ending = co_await client.send(next_image(), now + settings_.request_timeout);
    tally_.ended(now, Clock::now(), ending);
    if (ending.kind == Ending::Kind::failed) co_await io::sleep_for(pause_after_failure);
  }
}

asio::awaitable<void> Load::send_when_due(double rate_per_s, std::uint64_t seed,
                                          int in_flight_max) {
  PoissonArrivals arrivals(rate_per_s, seed);
  for (auto due = settings_.begin + arrivals.next(); due < tally_.window().end;
       due = settings_.begin + arrivals.next()) {
    if (due > Clock::now()) co_await io::sleep_until(due);
    const bool none_idle = idle_clients_.empty();
    if (none_idle && clients_.size() >= static_cast<std::size_t>(in_flight_max)) {
      tally_.ended(due, Clock::now(),
                   {.kind = Ending::Kind::failed, .why = "unsent: too many in flight"});
      continue;
    }
    Client& client = none_idle ? add_client() : *idle_clients_.back();
    if (!none_idle) idle_clients_.pop_back();
    spawn(send_due(client, due));
  }
}

asio::awaitable<void> Load::send_due(Client& client, Clock::time_point due) {
  const Ending ending = co_await client.send(next_image(), due + settings_.request_timeout);
  tally_.ended(due, Clock::now(), ending);
  idle_clients_.push_back(&client);
}

asio::awaitable<void> Load::watch_deadlines() {
  while (running_ > 0) {
    co_await next_watch_.wait_until(Clock::now() + watch_interval);
    const auto now = Clock::now();
    for (const auto& client : clients_) client->watch(now);
  }
}

template <typename Run>
void Load::spawn(Run&& run) {
  ++running_;
  asio::co_spawn(io_, std::forward<Run>(run), [this](std::exception_ptr failure) {
    rethrow(failure);
    if (--running_ == 0) next_watch_.notify();
  });
}

Client& Load::add_client() {
  return *clients_.emplace_back(target_.make_client(io_.get_executor()));
}

}  // namespace samoyed::load
