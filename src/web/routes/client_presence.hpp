#pragma once

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>

namespace samoyed::web {

/// Detects that a client disconnects while a handler waits for something on its behalf.
///
/// Thread rule: the web server's thread.
class ClientPresence {
 public:
  virtual ~ClientPresence() = default;

  /// Reports that the handler begins to wait.
  virtual void begin() = 0;
  /// Reports that the handler has stopped waiting. Returns once the connection may be used again.
  virtual asio::awaitable<void> end() = 0;
  virtual bool client_left() const = 0;
  /// The slot of a signal that is emitted when the client disconnects.
  virtual asio::cancellation_slot left() = 0;
};

}  // namespace samoyed::web
