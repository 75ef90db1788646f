#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>

#include "samoyed/io/event.hpp"
#include "samoyed/io/timed_socket.hpp"
#include "web/http/http_session.hpp"
#include "web/routes/client_presence.hpp"

namespace samoyed::web {

/// Detects that a client disconnects while its image is at a worker. After a moment, it starts to
/// read from the socket. Further requests that arrive meanwhile wait in the session, up to a limit.
/// Beyond it, nothing more is read until one of them is being served. The watch then asks the
/// system from time to time whether the stream has ended.
///
/// A client that has only shut down its sending side still waits for its answer (RFC 9112, section
/// 9.6), but the end of its stream looks the same as that of a client that has closed the
/// connection. To tell them apart, the first byte of the answer is sent at once, which is the same
/// for every answer. The system of a client that has closed answers it with a reset.
///
/// Thread rule: the one thread of the socket's executor. Nobody else may read from the socket
/// between `begin` and the completion of `end`.
class ClientWatch final : public ClientPresence, public std::enable_shared_from_this<ClientWatch> {
 public:
  /// The references and `room`, the buffer for reading, must outlive the watch. `held_bytes_max` is
  /// the maximum number of bytes that the session may hold.
  ClientWatch(io::TimedSocket& socket, HttpSession& session, std::span<char> room,
              std::size_t held_bytes_max);

  void begin() override;
  /// Returns once the socket is free again.
  asio::awaitable<void> end() override;

  /// Returns true between `begin` and `end`.
  bool active() const { return active_; }
  bool client_left() const override { return client_left_; }
  asio::cancellation_slot left() override { return left_.slot(); }

  /// Returns how many bytes of the next response have been sent already, and forgets them.
  std::size_t take_sent_early() { return std::exchange(sent_early_, 0); }

 private:
  void begin_reading();
  asio::awaitable<void> read_on();
  asio::awaitable<void> wait_for_reset();
  void leave();

  io::TimedSocket& socket_;
  HttpSession& session_;
  const std::span<char> room_;
  const std::size_t held_bytes_max_;
  bool active_ = false;
  bool due_ = false;  ///< The timer that starts reading is running.
  asio::steady_timer reading_begins_;
  bool reading_ = false;
  io::Event look_;           ///< Waits for the next look if nothing may be read.
  io::Event reading_ended_;  ///< Notified when `read_on` has ended.
  std::size_t sent_early_ = 0;
  bool client_left_ = false;
  asio::cancellation_signal left_;
};

}  // namespace samoyed::web
