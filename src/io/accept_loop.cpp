#include "samoyed/io/accept_loop.hpp"

#include <cerrno>
#include <chrono>

#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/ip_text.hpp"

namespace samoyed::io {
namespace {

/// The pause after a failed accept, because an immediate retry would spin, and while a connection
/// waits for room. The usual cause of a failed accept is a lack of file descriptors.
constexpr std::chrono::milliseconds retry_pause{100};

/// A lack of descriptors may come and go with each connection, so it is logged at most this often.
constexpr std::chrono::seconds warning_interval{10};

bool out_of_descriptors(const std::error_code& error) {
  return error == asio::error::no_descriptors ||
         error == std::error_code(ENFILE, asio::error::get_system_category());
}

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
  using Clock = std::chrono::steady_clock;
  auto warn_from = Clock::time_point::min();
  bool made_room = false;
  while (!stopping_) {
    std::error_code error;
    asio::ip::tcp::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (stopping_) break;
    if (error) {
      const auto now = Clock::now();
      if (now >= warn_from) {
        spdlog::warn("can't accept connections for now: {}", error.message());
        warn_from = now + warning_interval;
      }
      // If something else takes the descriptor, the next connection is closed after a pause.
      made_room = !made_room && out_of_descriptors(error) && make_room_({});
      if (made_room) continue;
      co_await counts_->changed.wait_until(now + retry_pause);
      continue;
    }
    made_room = false;
    auto slot = co_await admit(socket);
    if (slot) on_connection(std::move(socket), std::move(*slot));
  }
  std::error_code ignored;  // Fails only if it is already closed.
  acceptor_.close(ignored);
}

}  // namespace samoyed::io
