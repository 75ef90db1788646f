#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "samoyed/io/timed_socket.hpp"
#include "samoyed/io/tls_context.hpp"
#include "support/certificates.hpp"

/// Two sockets of this process that speak TLS.
namespace samoyed::io {

using ContextPointer = std::shared_ptr<TlsContext>;

/// Only prevents hanging.
inline constexpr std::chrono::seconds tls_patience{60};

inline const std::vector<std::string> local_names{"127.0.0.1"};

inline ContextPointer make_context(const TlsFiles& files, TlsRole role) {
  return std::make_shared<TlsContext>(files, role);
}

inline std::uint64_t failures(const ContextPointer& context, TlsErrc reason) {
  for (const auto& [label, count] : context->status().failures) {
    if (label == to_label(reason)) return count;
  }
  return 0;
}

inline std::uint64_t all_failures(const ContextPointer& context) {
  std::uint64_t sum = 0;
  for (const auto& failure : context->status().failures) sum += failure.second;
  return sum;
}

/// Two connected sockets.
struct Ends {
  Ends() : client(io.get_executor()), server(io.get_executor()) {
    asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    client.socket().connect(acceptor.local_endpoint());
    client.socket().non_blocking(true);
    server = TimedSocket(acceptor.accept());
  }

  void start(asio::awaitable<void> coroutine) {
    ++running;
    asio::co_spawn(io, std::move(coroutine), [this](std::exception_ptr failure) {
      failed = failed || failure;
      // The sockets' timers may still be set.
      if (--running == 0) io.stop();
    });
  }
  /// Returns true if all coroutines ended.
  bool run() {
    io.restart();
    io.run_for(tls_patience);
    return running == 0 && !failed;
  }

  asio::io_context io{1};
  TimedSocket client;
  TimedSocket server;
  int running = 0;
  bool failed = false;
};

inline asio::awaitable<void> shake(TimedSocket& socket, ContextPointer context,
                                   std::vector<std::string> names, std::error_code& error) {
  const auto deadline = Clock::now() + tls_patience;
  co_await socket.handshake(std::move(context), std::move(names), deadline, error);
}

/// The client's side of a handshake and a short exchange, as `WorkerConnection` does it.
inline asio::awaitable<void> ask(TimedSocket& socket, ContextPointer context,
                                 std::vector<std::string> names, std::error_code& error) {
  const auto deadline = Clock::now() + tls_patience;
  co_await socket.handshake(std::move(context), std::move(names), deadline, error);
  const asio::const_buffer question = asio::buffer("?", 1);
  if (!error) co_await socket.write(question, deadline, error);
  char answer = 0;
  if (!error) co_await socket.read_some(asio::buffer(&answer, 1), deadline, error);
  socket.close();
}

inline asio::awaitable<void> answer(TimedSocket& socket, ContextPointer context,
                                    std::error_code& error) {
  const auto deadline = Clock::now() + tls_patience;
  std::vector<std::string> no_names;
  co_await socket.handshake(std::move(context), std::move(no_names), deadline, error);
  char question = 0;
  if (!error) co_await socket.read_some(asio::buffer(&question, 1), deadline, error);
  const asio::const_buffer reply = asio::buffer("!", 1);
  if (!error) co_await socket.write(reply, deadline, error);
  socket.close();
}

struct Errors {
  std::error_code client;
  std::error_code server;
};

inline Errors exchange(const ContextPointer& client, const ContextPointer& server,
                       const std::vector<std::string>& names = local_names) {
  Ends ends;
  Errors errors;
  ends.start(ask(ends.client, client, names, errors.client));
  ends.start(answer(ends.server, server, errors.server));
  CHECK(ends.run());
  return errors;
}

}  // namespace samoyed::io
