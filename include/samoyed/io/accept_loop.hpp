#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/io/event.hpp"

namespace samoyed::io {

/// Accepts connections and counts the open ones, in total and per peer address.
///
/// If a limit is reached, `make_room` may close an idle connection for the new one. If it closes
/// none, the new connection is over the limit. It is still accepted, so that the peer gets an
/// answer, as long as fewer than `refused_max` such connections are open. Beyond that, a peer that
/// is over its own limit is closed at once, and all others wait, one in the loop and the others in
/// the kernel's queue, until a connection ends or becomes idle.
///
/// If file descriptors run out, `make_room` may close a connection too. Something else may take the
/// freed descriptor, so the loop then pauses before it closes another one. It also pauses if no
/// connection can be closed, or if memory runs out.
///
/// Thread rule: the thread of the acceptor's executor.
class AcceptLoop {
 public:
  struct Limits {
    std::size_t connections_max = 0;
    std::size_t connections_per_peer_max = 0;
    std::size_t refused_max = 0;
  };

  enum class Verdict {
    admitted,
    peer_full,  ///< Too many connections from that address.
    all_full,   ///< Too many connections in total.
  };

  /// Counts one open connection until it is destroyed. May outlive the loop.
  class Slot;

  using OnConnection = std::function<void(asio::ip::tcp::socket, Slot)>;

  /// Closes the admitted connection that has waited longest for its peer, and returns true.
  /// Returns false if no connection waits for its peer. If `peer` isn't empty, only connections
  /// with that key (`limit_key`) count.
  using MakeRoom = std::function<bool(std::string_view peer)>;

  /// The limit per address doesn't apply to peers for which `exempt` returns true.
  AcceptLoop(
      asio::ip::tcp::acceptor acceptor, Limits limits,
      MakeRoom make_room = [](std::string_view) { return false; },
      std::function<bool(const asio::ip::address&)> exempt = [](const auto&) { return false; })
      : acceptor_(std::move(acceptor)),
        limits_(limits),
        exempt_(std::move(exempt)),
        make_room_(std::move(make_room)),
        counts_(std::make_shared<Counts>(acceptor_.get_executor())) {}

  /// Runs until `stop` is called; the port is closed when it returns. Call once.
  asio::awaitable<void> run(OnConnection on_connection);

  /// Ends `run`. Further calls do nothing.
  void stop();

  const asio::ip::tcp::acceptor& acceptor() const { return acceptor_; }

 private:
  struct Counts {
    explicit Counts(const asio::any_io_executor& executor) : changed(executor) {}
    std::size_t admitted = 0;
    std::size_t refused = 0;
    std::map<std::string, std::size_t> by_peer;  ///< The keys come from `limit_key`.
    Event changed;  ///< Notified when a connection ends or the loop stops.
  };

  asio::awaitable<std::optional<Slot>> admit(const asio::ip::tcp::socket& socket);
  Verdict judge(const asio::ip::address& address, const std::string& peer) const;

  asio::ip::tcp::acceptor acceptor_;
  const Limits limits_;
  const std::function<bool(const asio::ip::address&)> exempt_;
  const MakeRoom make_room_;
  std::shared_ptr<Counts> counts_;
  bool stopping_ = false;
};

class AcceptLoop::Slot {
 public:
  Slot(std::shared_ptr<Counts> counts, std::string peer, Verdict verdict);
  ~Slot();
  Slot(Slot&&) = default;
  Slot& operator=(Slot&&) = delete;

  Verdict verdict() const { return verdict_; }
  /// The peer's key (`limit_key`).
  const std::string& peer() const { return peer_; }

 private:
  std::shared_ptr<Counts> counts_;
  std::string peer_;
  Verdict verdict_;
};

}  // namespace samoyed::io
