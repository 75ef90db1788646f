#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/protocol/ip_text.hpp"

namespace samoyed::io {

/// Accepts connections, and counts those that are open, in all and by the peer's address.
///
/// Beyond a limit a peer is still accepted, in order to be told so, as long as fewer than
/// `refused_max` such connections are open. Beyond that too, one that is over its own limit is
/// closed at once, and others wait in the kernel's queue until a connection ends. Without file
/// descriptors or memory the loop pauses and goes on.
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
    all_full,   ///< Too many in all.
  };

  /// One open connection's place: counted until this is destroyed. May outlive the loop.
  class Slot;

  using OnConnection = std::function<void(asio::ip::tcp::socket, Slot)>;

  /// To peers for whom `exempt` is true the limit by address doesn't apply.
  AcceptLoop(
      asio::ip::tcp::acceptor acceptor, Limits limits,
      std::function<bool(const asio::ip::address&)> exempt = [](const auto&) { return false; })
      : acceptor_(std::move(acceptor)),
        limits_(limits),
        exempt_(std::move(exempt)),
        counts_(std::make_shared<Counts>(acceptor_.get_executor())) {}

  /// Returns after `stop`, when the port is closed. Call once.
  asio::awaitable<void> run(OnConnection on_connection);

  /// Ends `run`. Further calls do nothing.
  void stop() {
    stopping_ = true;
    std::error_code ignored;  // Nothing is being accepted at this moment.
    acceptor_.cancel(ignored);
    counts_->changed.cancel();
  }

  const asio::ip::tcp::acceptor& acceptor() const { return acceptor_; }

 private:
  struct Counts {
    explicit Counts(const asio::any_io_executor& executor) : changed(executor) {}
    std::size_t admitted = 0;
    std::size_t refused = 0;
    std::map<std::string, std::size_t> by_peer;  ///< By what limit_key gives.
    asio::steady_timer changed;  ///< Cancelled when a connection ends or the loop stops.
  };

  /// After an accept that failed, for want of file descriptors mostly: accepting again at once would
  /// spin.
  static constexpr std::chrono::milliseconds retry_pause{100};

  bool full() const {
    return counts_->admitted >= limits_.connections_max && counts_->refused >= limits_.refused_max;
  }

  asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point time) {
    counts_->changed.expires_at(time);
    std::error_code ignored;  // Both the time and a change end the wait.
    co_await counts_->changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  Slot enter(const asio::ip::tcp::socket& socket);

  asio::ip::tcp::acceptor acceptor_;
  const Limits limits_;
  const std::function<bool(const asio::ip::address&)> exempt_;
  std::shared_ptr<Counts> counts_;
  bool stopping_ = false;
};

class AcceptLoop::Slot {
 public:
  Slot(std::shared_ptr<Counts> counts, std::string peer, Verdict verdict)
      : counts_(std::move(counts)), peer_(std::move(peer)), verdict_(verdict) {
    if (verdict_ == Verdict::admitted) {
      ++counts_->admitted;
      ++counts_->by_peer[peer_];
    } else {
      ++counts_->refused;
    }
  }
  ~Slot() {
    if (!counts_) return;
    if (verdict_ != Verdict::admitted) {
      --counts_->refused;
    } else {
      --counts_->admitted;
      const auto peer = counts_->by_peer.find(peer_);
      if (--peer->second == 0) counts_->by_peer.erase(peer);
    }
    counts_->changed.cancel();
  }
  Slot(Slot&&) = default;
  Slot& operator=(Slot&&) = delete;

  Verdict verdict() const { return verdict_; }

 private:
  std::shared_ptr<Counts> counts_;
  std::string peer_;
  Verdict verdict_;
};

inline AcceptLoop::Slot AcceptLoop::enter(const asio::ip::tcp::socket& socket) {
  std::error_code gone;
  const asio::ip::address address = socket.remote_endpoint(gone).address();
  const std::string peer = protocol::limit_key(address.to_string());
  const auto of_peer = counts_->by_peer.find(peer);
  const bool peer_full = of_peer != counts_->by_peer.end() &&
                         of_peer->second >= limits_.connections_per_peer_max && !exempt_(address);
  const Verdict verdict = peer_full                                      ? Verdict::peer_full
                          : counts_->admitted >= limits_.connections_max ? Verdict::all_full
                                                                         : Verdict::admitted;
  return Slot(counts_, peer, verdict);
}

inline asio::awaitable<void> AcceptLoop::run(OnConnection on_connection) {
  bool failing = false;
  while (!stopping_) {
    if (full()) {
      co_await wait_until(std::chrono::steady_clock::time_point::max());
      continue;
    }
    std::error_code error;
    asio::ip::tcp::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (stopping_) break;
    if (error) {
      if (!failing) spdlog::warn("can't accept connections for now: {}", error.message());
      co_await wait_until(std::chrono::steady_clock::now() + retry_pause);
    } else {
      Slot slot = enter(socket);
      const bool told =
          slot.verdict() == Verdict::admitted || counts_->refused <= limits_.refused_max;
      if (told) on_connection(std::move(socket), std::move(slot));
    }
    failing = static_cast<bool>(error);
  }
  std::error_code ignored;  // What is closed needs no closing.
  acceptor_.close(ignored);
}

}  // namespace samoyed::io
