#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>

#include "samoyed/io/event.hpp"
#include "samoyed/io/timed_socket.hpp"
#include "web/http/http_session.hpp"
#include "web/routes/client_presence.hpp"

namespace samoyed::web {

/// Notices that a client leaves while its image is at a worker, by reading on once that has taken a
/// moment. The client's next requests that come meanwhile wait in the session, up to a bound:
/// beyond that, nothing more is read until one of them is under way.
///
/// Thread rule: the one thread of the socket's executor. Nobody else reads from the socket between
/// `begin` and the end of `end`.
class ClientWatch final : public ClientPresence, public std::enable_shared_from_this<ClientWatch> {
 public:
  /// The references, and the room for what is read, must outlive it. `held_bytes_max`: what the
  /// session may hold at most.
  ClientWatch(io::TimedSocket& socket, HttpSession& session, std::span<char> room,
              std::size_t held_bytes_max);

  void begin() override;
  /// Returns once the socket is free again.
  asio::awaitable<void> end() override;

  /// Between `begin` and `end`.
  bool active() const { return active_; }
  bool client_left() const override { return client_left_; }
  asio::cancellation_slot left() override { return left_.slot(); }

 private:
  void begin_reading();
  asio::awaitable<void> read_on();

  io::TimedSocket& socket_;
  HttpSession& session_;
  const std::span<char> room_;
  const std::size_t held_bytes_max_;
  bool active_ = false;
  bool due_ = false;  ///< The timer for the begin of reading is set.
  asio::steady_timer reading_begins_;
  bool reading_ = false;
  io::Event reading_ended_;  ///< Notified when `read_on` has ended.
  bool client_left_ = false;
  asio::cancellation_signal left_;
};

}  // namespace samoyed::web
