#pragma once

#include <memory>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "samoyed/io/event.hpp"

namespace samoyed::web {

/// Lets clients take turns on the thread that serves all connections. Without it, each step of a
/// request would wait for a request of every other connection, so a client with many connections
/// would delay all others.
///
/// Time is divided into rounds. In each round the thread handles everything that is ready, but only
/// one request of each client. Further ones wait, in the order of their arrival. A client that is
/// alone gets several requests in a round, because a round costs a system call.
///
/// A turn is the permission to begin. It needs no end: when the request waits for something, such
/// as a worker, the next round comes.
///
/// Thread rule: the thread of the executor.
class ClientTurns {
 public:
  explicit ClientTurns(const asio::any_io_executor& executor);

  /// Returns when it is the client's turn, often at once. `wake` is this caller's own; notifying it
  /// ends the wait without a turn.
  asio::awaitable<void> take(std::string client, io::Event& wake);

 private:
  struct State;

  /// Shared with the rounds to come, which may outlive this object.
  const std::shared_ptr<State> state_;
};

}  // namespace samoyed::web
