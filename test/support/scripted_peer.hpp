#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include "samoyed/protocol/address.hpp"
#include "support/wait.hpp"

namespace samoyed::test {

/// A peer on a real port. It plays its n-th script on its n-th connection, one after the other or
/// all `at_once`, and closes each connection at the end of its script. Port 0 picks a free port.
/// After the last connection was accepted, the port is closed.
class ScriptedPeer {
 public:
  class Connection {
   public:
    explicit Connection(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    /// Waits for exactly these bytes. Returns true if they arrived.
    bool expect(std::string_view bytes) {
      const Wait wait = Wait::unbounded("a peer's client to send '" + printable(bytes) + "'");
      std::string got(bytes.size(), '\0');
      std::error_code error;
      asio::read(socket_, asio::buffer(got), error);
      return !error && got == bytes;
    }
    /// Reads up to and including `end`, or until the other side closes.
    std::string read_until(std::string_view end) {
      const Wait wait = Wait::unbounded("a peer's client to send '" + printable(end) + "'");
      std::string got;
      std::error_code error;
      for (char byte; !got.ends_with(end);) {
        if (socket_.read_some(asio::buffer(&byte, 1), error) == 0) break;
        got += byte;
      }
      return got;
    }
    void send(std::string_view bytes) {
      const Wait wait = Wait::unbounded("a peer's client to read '" + printable(bytes) + "'");
      std::error_code gone;  // The other side may have closed already.
      asio::write(socket_, asio::buffer(bytes), gone);
    }
    /// Waits until the other side closes.
    void wait_for_end() {
      const Wait wait = Wait::unbounded("a peer's client to close its connection");
      std::error_code error;
      char byte;
      while (!error) socket_.read_some(asio::buffer(&byte, 1), error);
    }
    /// Makes the end of the script a TCP reset.
    void reset_at_end() { socket_.set_option(asio::socket_base::linger(true, 0)); }

   private:
    asio::ip::tcp::socket socket_;
  };
  using Script = std::function<void(Connection&)>;

  explicit ScriptedPeer(std::vector<Script> scripts, std::uint16_t port = 0, bool at_once = false)
      : acceptor_(io_, {asio::ip::address_v4::loopback(), port}),
        address_{"127.0.0.1", acceptor_.local_endpoint().port()},
        at_once_(at_once),
        thread_([this, scripts = std::move(scripts)] { play(scripts); }) {}

  ~ScriptedPeer() {
    // Wakes an accept that is still waiting. It then returns without playing a script.
    stopping_ = true;
    std::error_code refused;
    asio::ip::tcp::socket(io_).connect({asio::ip::address_v4::loopback(), address_.port}, refused);
    const Wait wait("a peer's scripts to end");
    thread_.join();
  }

  const protocol::Address& address() const { return address_; }

  /// The number of connections accepted so far.
  int connections() const { return connections_; }

 private:
  void play(const std::vector<Script>& scripts) {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < scripts.size(); ++i) {
      asio::ip::tcp::socket socket = accept();
      if (stopping_) return;
      ++connections_;
      // Close the port before the last script ends, so that it is closed for anyone who sees that
      // end.
      if (i + 1 == scripts.size()) acceptor_.close();
      const auto connection = std::make_shared<Connection>(std::move(socket));
      if (at_once_) {
        threads.emplace_back([connection, &script = scripts[i]] { script(*connection); });
      } else {
        scripts[i](*connection);
      }
    }
  }

  asio::ip::tcp::socket accept() {
    const Wait wait = Wait::unbounded("a client to connect to a peer");
    return acceptor_.accept();
  }

  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  protocol::Address address_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  const bool at_once_;
  std::jthread thread_;
};

}  // namespace samoyed::test
