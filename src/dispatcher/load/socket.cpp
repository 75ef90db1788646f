#include "dispatcher/load/socket.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "samoyed/io/errc.hpp"

namespace samoyed::load {

using asio::ip::tcp;

asio::awaitable<std::error_code> Socket::connect(std::vector<tcp::endpoint>& endpoints) {
  close();
  std::error_code error;
  socket_ = co_await connector_.connect(endpoints, Clock::time_point::max(), error);
  if (!error) {
    const tcp::endpoint accepted = socket_.remote_endpoint(error);
    // Other clients may have reordered the endpoints during the wait.
    const auto found = std::ranges::find(endpoints, accepted);
    if (found != endpoints.end()) std::iter_swap(found, endpoints.begin());
  }
  if (!error) socket_.set_option(tcp::no_delay(true), error);
  if (!error) socket_.non_blocking(true, error);
  co_return reported(error);
}

asio::awaitable<std::error_code> Socket::write(std::string_view bytes, std::string_view more) {
  std::error_code error;
  while (bytes.size() + more.size() > 0 && !error) {
    const std::array both{asio::buffer(bytes), asio::buffer(more)};
    // Writes directly, because the send buffer nearly always has room and this saves a trip through
    // the reactor.
    const std::size_t written = socket_.write_some(both, error);
    const std::size_t of_first = std::min(written, bytes.size());
    bytes.remove_prefix(of_first);
    more.remove_prefix(written - of_first);
    if (error == asio::error::would_block) {
      co_await socket_.async_wait(tcp::socket::wait_write,
                                  asio::redirect_error(asio::use_awaitable, error));
    }
  }
  co_return reported(error);
}

asio::awaitable<std::size_t> Socket::read(std::span<char> buffer, std::error_code& error) {
  const std::size_t size = co_await socket_.async_read_some(
      asio::buffer(buffer.data(), buffer.size()), asio::redirect_error(asio::use_awaitable, error));
  error = reported(error);
  co_return size;
}

void Socket::close() {
  std::error_code ignored;  // The socket may be closed already.
  socket_.close(ignored);
  connector_.cancel();
}

void Socket::watch(Clock::time_point now) {
  if (now < deadline_) return;
  timed_out_ = true;
  close();
}

std::error_code Socket::reported(std::error_code error) const {
  return error && timed_out_ ? make_error_code(io::Errc::timed_out) : error;
}

}  // namespace samoyed::load
