#pragma once

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>

namespace samoyed::web {

/// Notices that a client leaves while a handler waits for something on its behalf.
///
/// Thread rule: the web server's thread.
class ClientPresence {
 public:
  virtual ~ClientPresence() = default;

  /// The handler begins to wait.
  virtual void begin() = 0;
  /// The handler waits no longer. Returns once the connection may be used again.
  virtual asio::awaitable<void> end() = 0;
  virtual bool client_left() const = 0;
  /// Emitted when the client leaves.
  virtual asio::cancellation_slot left() = 0;
};

}  // namespace samoyed::web
