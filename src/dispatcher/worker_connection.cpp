#include "dispatcher/worker_connection.hpp"

#include <utility>

#include "samoyed/protocol/errc.hpp"

namespace samoyed::dispatcher {
namespace {

using asio::ip::tcp;

/// A resolver's answer on its way; the waiting coroutine may give up before it comes.
struct PendingEndpoints {
  PendingEndpoints(const asio::any_io_executor& executor, io::Clock::time_point deadline)
      : resolver(executor), arrived(executor, deadline) {}
  tcp::resolver resolver;
  asio::steady_timer arrived;  ///< Cancelled on arrival.
  std::optional<std::error_code> error;
  tcp::resolver::results_type endpoints;
};

}  // namespace

asio::awaitable<std::error_code> WorkerConnection::connect(protocol::Address address) {
  const auto deadline = io::Clock::now() + timeouts_.connect;
  std::error_code error;
  const auto endpoints = co_await resolve(std::move(address), deadline, error);
  if (!error) co_await socket_.connect(endpoints, deadline, error);
  co_return error;
}

asio::awaitable<std::variant<protocol::Greeted, TryFailure>> WorkerConnection::greet() {
  using Greeting = protocol::ClientGreeting;
  Greeting greeting;
  const auto deadline = io::Clock::now() + timeouts_.answer;
  auto progress = protocol::Progress::nothing_answered;
  while (true) {
    Greeting::Action action = greeting.next();
    std::error_code error;
    if (const auto* write = std::get_if<Greeting::Write>(&action)) {
      co_await socket_.write(asio::buffer(write->bytes), deadline, error);
    } else if (std::holds_alternative<Greeting::Read>(action)) {
      const std::size_t size =
          co_await socket_.read_some(asio::buffer(read_buffer_), deadline, error);
      if (!error) greeting.received({read_buffer_.data(), size});
      if (!error) progress = protocol::Progress::size_answered;
    } else if (auto* greeted = std::get_if<protocol::Greeted>(&action)) {
      hello_ = greeted->hello;
      co_return std::move(*greeted);
    } else {
      error = std::get<Greeting::Failed>(action).why;
    }
    if (error) co_return failure(error, progress);
  }
}

asio::awaitable<std::variant<protocol::Result, TryFailure>> WorkerConnection::send(
    const protocol::EncodedImage& image, std::optional<int> top) {
  reusable_ = false;
  Exchange exchange(image, dialect(), top);
  std::optional<Exchange::Step> step;
  io::Clock::time_point deadline;
  const auto begin = [&](Exchange::Step next_step) {
    step = next_step;
    deadline = io::Clock::now() + timeout(next_step);
  };
  while (true) {
    Exchange::Action action = exchange.next();
    std::error_code error;
    if (const auto* write = std::get_if<Exchange::Write>(&action)) {
      begin(write->step);
      co_await socket_.write(asio::buffer(write->bytes), deadline, error);
    } else if (const auto* read = std::get_if<Exchange::Read>(&action)) {
      if (step != read->step) begin(read->step);
      const std::size_t size =
          co_await socket_.read_some(asio::buffer(read_buffer_), deadline, error);
      if (!error) exchange.received({read_buffer_.data(), size});
    } else if (auto* finished = std::get_if<Exchange::Finished>(&action)) {
      reusable_ = finished->reusable;
      co_return std::move(finished->result);
    } else {
      error = std::get<Exchange::Failed>(action).why;
    }
    if (error) co_return failure(error, exchange.progress());
  }
}

/// getaddrinfo can't be interrupted, so a coroutine that gives up leaves it to end by itself.
asio::awaitable<tcp::resolver::results_type> WorkerConnection::resolve(
    protocol::Address address, io::Clock::time_point deadline, std::error_code& error) {
  const auto literal = asio::ip::make_address(address.host, error);
  if (!error) {
    co_return tcp::resolver::results_type::create(tcp::endpoint(literal, address.port),
                                                  address.host, std::to_string(address.port));
  }
  const auto pending =
      std::make_shared<PendingEndpoints>(socket_.socket().get_executor(), deadline);
  pending->resolver.async_resolve(
      address.host, std::to_string(address.port),
      [pending](std::error_code failed, tcp::resolver::results_type endpoints) {
        pending->error = failed;
        pending->endpoints = std::move(endpoints);
        pending->arrived.cancel();
      });
  std::error_code ignored;  // Both the answer and the deadline end the wait.
  co_await pending->arrived.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  error = pending->error.value_or(make_error_code(protocol::Errc::timed_out));
  co_return pending->endpoints;
}

std::chrono::milliseconds WorkerConnection::timeout(Exchange::Step step) const {
  switch (step) {
    case Exchange::Step::size_answer:
      return timeouts_.answer;
    case Exchange::Step::image_answer:
      return timeouts_.image;
    case Exchange::Step::result:
      break;
  }
  return timeouts_.result;
}

TryFailure WorkerConnection::failure(std::error_code why, protocol::Progress progress) const {
  using Kind = TryFailure::Kind;
  const bool ours = why.category() == protocol::error_category();
  const Kind kind = why == protocol::Errc::timed_out ? Kind::timed_out
                    : ours                           ? Kind::nonsense
                    : why == asio::error::eof        ? Kind::closed
                                                     : Kind::connection_lost;
  return {.kind = kind, .progress = progress, .reused = kept_, .why = why};
}

}  // namespace samoyed::dispatcher
