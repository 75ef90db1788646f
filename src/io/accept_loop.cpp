#include "samoyed/io/accept_loop.hpp"

#include <chrono>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/ip_text.hpp"

namespace samoyed::io {
namespace {

/// The pause after a failed accept, because an immediate retry would spin, and while a connection
/// waits for room. The usual cause of a failed accept is a lack of file descriptors.
constexpr std::chrono::milliseconds retry_pause{100};

}  // namespace

AcceptLoop::Slot::Slot(std::shared_ptr<Counts> counts, std::string peer, Verdict verdict)
    : counts_(std::move(counts)), peer_(std::move(peer)), verdict_(verdict) {
  if (verdict_ == Verdict::admitted) {
    ++counts_->admitted;
    ++counts_->by_peer[peer_];
  } else {
    ++counts_->refused;
  }
}

AcceptLoop::Slot::~Slot() {
  if (!counts_) return;
  if (verdict_ != Verdict::admitted) {
    --counts_->refused;
  } else {
    --counts_->admitted;
    const auto peer = counts_->by_peer.find(peer_);
    if (--peer->second == 0) counts_->by_peer.erase(peer);
  }
  counts_->changed.notify();
}
void AcceptLoop::stop() {
  stopping_ = true;
  std::error_code ignored;  // Fails only if the acceptor is closed.
  acceptor_.cancel(ignored);
  counts_->changed.notify();
}

AcceptLoop::Verdict AcceptLoop::judge(const asio::ip::address& address,
                                      const std::string& peer) const {
  const auto of_peer = counts_->by_peer.find(peer);
  const bool peer_full = of_peer != counts_->by_peer.end() &&
                         of_peer->second >= limits_.connections_per_peer_max && !exempt_(address);
  if (peer_full && !make_room_(peer)) return Verdict::peer_full;
  if (peer_full || counts_->admitted < limits_.connections_max) return Verdict::admitted;
  return make_room_({}) ? Verdict::admitted : Verdict::all_full;
}

/// Waits until there is room for the connection. Returns std::nullopt if it must be closed at once.
asio::awaitable<std::optional<AcceptLoop::Slot>> AcceptLoop::admit(
    const asio::ip::tcp::socket& socket) {
  std::error_code gone;
  const asio::ip::address address = socket.remote_endpoint(gone).address();
  const std::string peer = io::limit_key(address.to_string());
  while (!stopping_) {
    const Verdict verdict = judge(address, peer);
    const bool answered = verdict == Verdict::admitted || counts_->refused < limits_.refused_max;
    if (answered) co_return Slot(counts_, peer, verdict);
    if (verdict == Verdict::peer_full) break;
    // A connection that becomes idle doesn't report it.
    co_await counts_->changed.wait_until(std::chrono::steady_clock::now() + retry_pause);
  }
  co_return std::nullopt;
}

asio::awaitable<void> AcceptLoop::run(OnConnection on_connection) {
  bool failing = false;
  while (!stopping_) {
    std::error_code error;
    asio::ip::tcp::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (stopping_) break;
    if (error) {
      if (!failing) spdlog::warn("can't accept connections for now: {}", error.message());
      co_await counts_->changed.wait_until(std::chrono::steady_clock::now() + retry_pause);
    } else if (auto slot = co_await admit(socket)) {
      on_connection(std::move(socket), std::move(*slot));
    }
    failing = static_cast<bool>(error);
  }
  std::error_code ignored;  // Fails only if it is already closed.
  acceptor_.close(ignored);
}

}  // namespace samoyed::io
