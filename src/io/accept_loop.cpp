#include "samoyed/io/accept_loop.hpp"

#include <chrono>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/ip_text.hpp"

namespace samoyed::io {
namespace {

/// The pause after a failed accept, because an immediate retry would spin. The usual cause is a
/// lack of file descriptors.
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

bool AcceptLoop::full() const {
  return counts_->admitted >= limits_.connections_max && counts_->refused >= limits_.refused_max;
}

AcceptLoop::Slot AcceptLoop::enter(const asio::ip::tcp::socket& socket) {
  std::error_code gone;
  const asio::ip::address address = socket.remote_endpoint(gone).address();
  const std::string peer = io::limit_key(address.to_string());
  const auto of_peer = counts_->by_peer.find(peer);
  const bool peer_full = of_peer != counts_->by_peer.end() &&
                         of_peer->second >= limits_.connections_per_peer_max && !exempt_(address);
  const Verdict verdict = peer_full                                      ? Verdict::peer_full
                          : counts_->admitted >= limits_.connections_max ? Verdict::all_full
                                                                         : Verdict::admitted;
  return Slot(counts_, peer, verdict);
}

asio::awaitable<void> AcceptLoop::run(OnConnection on_connection) {
  bool failing = false;
  while (!stopping_) {
    if (full()) {
      co_await counts_->changed.wait();
      continue;
    }
    std::error_code error;
    asio::ip::tcp::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (stopping_) break;
    if (error) {
      if (!failing) spdlog::warn("can't accept connections for now: {}", error.message());
      co_await counts_->changed.wait_until(std::chrono::steady_clock::now() + retry_pause);
    } else {
      Slot slot = enter(socket);
      const bool answered =
          slot.verdict() == Verdict::admitted || counts_->refused <= limits_.refused_max;
      if (answered) on_connection(std::move(socket), std::move(slot));
    }
    failing = static_cast<bool>(error);
  }
  std::error_code ignored;  // Fails only if it is already closed.
  acceptor_.close(ignored);
}

}  // namespace samoyed::io
