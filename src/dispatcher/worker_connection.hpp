#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>

#include <asio/awaitable.hpp>

#include "dispatcher/dispatch_plan.hpp"
#include "samoyed/dispatcher/dispatcher.hpp"
#include "samoyed/io/timed_socket.hpp"
#include "samoyed/protocol/client_exchange.hpp"

namespace samoyed::dispatcher {

/// One TCP connection to a worker: does what the client's side of the protocol says, each step
/// under its deadline.
///
/// Thread rule: the thread of the executor; one operation at a time.
class WorkerConnection {
 public:
  WorkerConnection(const asio::any_io_executor& executor, const StepTimeouts& timeouts)
      : socket_(executor), timeouts_(timeouts) {}

  /// Resolves the name and connects, both within `timeouts.connect`.
  asio::awaitable<std::error_code> connect(protocol::Address address);

  /// Says hello. With Greeted{} the peer is a reference server, and this connection is spent.
  asio::awaitable<std::variant<protocol::Greeted, TryFailure>> greet();

  /// Sends one image; `image` must outlive the call. After a failure the connection is spent.
  asio::awaitable<std::variant<protocol::Result, TryFailure>> send(
      const protocol::EncodedImage& image, std::optional<int> top);

  /// The form of results that greet() found; plain before.
  protocol::Dialect dialect() const {
    return hello_ ? protocol::Dialect::extended : protocol::Dialect::plain;
  }
  const std::optional<protocol::WorkerHello>& hello() const { return hello_; }

  /// An exchange has ended well and the connection can carry another.
  bool reusable() const { return reusable_; }

  /// From now on it is idle: that the peer ends it says nothing of the peer.
  void mark_kept() {
    kept_ = true;
    last_used_ = io::Clock::now();
  }
  io::Clock::time_point last_used() const { return last_used_; }

 private:
  using Exchange = protocol::ClientExchange;

  asio::awaitable<asio::ip::tcp::resolver::results_type> resolve(protocol::Address address,
                                                                 io::Clock::time_point deadline,
                                                                 std::error_code& error);
  std::chrono::milliseconds timeout(Exchange::Step step) const;
  TryFailure failure(std::error_code why, protocol::Progress progress) const;

  io::TimedSocket socket_;
  const StepTimeouts& timeouts_;
  std::array<char, 4096> read_buffer_;
  std::optional<protocol::WorkerHello> hello_;
  bool kept_ = false;  ///< It was idle before the exchange.
  bool reusable_ = false;
  io::Clock::time_point last_used_;
};

}  // namespace samoyed::dispatcher
