#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>

#include "dispatcher/dispatch_plan.hpp"
#include "samoyed/dispatcher/dispatch_options.hpp"
#include "samoyed/io/timed_socket.hpp"
#include "samoyed/protocol/client_exchange.hpp"

namespace samoyed::dispatcher {

/// True for errors that tell about this machine, not about the worker.
bool is_lack_of_resources(std::error_code error);

/// The name stands for addresses outside of the networks that workers may be in, and for no other.
std::error_code outside_of_worker_networks();

/// One image as it is sent, and what is wanted of it.
struct Cargo {
  std::shared_ptr<const protocol::EncodedImage> image;
  std::optional<int> top;
  std::optional<int> thumbnail_side;
  /// What the worker must run; empty for any.
  std::string model;
  /// When nobody will wait for the result any more.
  Clock::time_point deadline;
};

/// One TCP connection to a worker: does what the client's side of the protocol says, each step
/// under its deadline.
///
/// Thread rule: the thread of the executor; one operation at a time, which `close` may end.
class WorkerConnection : public std::enable_shared_from_this<WorkerConnection> {
 public:
  /// Options and resolver must outlive every operation. `place` is let go when the connection ends.
  WorkerConnection(const asio::any_io_executor& executor, const DispatchOptions& options,
                   NameResolver& resolver, std::shared_ptr<void> place)
      : place_(std::move(place)), socket_(executor), options_(options), resolver_(resolver) {}

  /// Resolves the name and connects, both within `timeouts.connect`.
  asio::awaitable<std::error_code> connect(protocol::Address address);

  /// Says hello. With Greeted{} the peer is a reference server, and this connection is spent.
  asio::awaitable<std::variant<protocol::Greeted, TryFailure>> greet();

  /// Sends one image; `cargo` must outlive the call. A worker that takes it is told to wait no longer
  /// than the cargo's deadline, and what thumbnail is wanted. After a failure the connection is spent.
  asio::awaitable<std::variant<protocol::Result, TryFailure>> send(const Cargo& cargo);

  /// Of the last image that was sent to its end: from the size message to the image's A.
  std::chrono::duration<double, std::milli> transfer_time() const { return transfer_time_; }

  /// Ends the operation under way and every later one with a failure.
  void close();

  /// The form of results that greet() found; plain before.
  protocol::Dialect dialect() const {
    return hello_ ? protocol::Dialect::extended : protocol::Dialect::plain;
  }
  const std::optional<protocol::WorkerHello>& hello() const { return hello_; }

  /// An exchange has ended well and the connection can carry another.
  bool reusable() const { return reusable_; }

  /// From now on it is idle: that the peer ends it says nothing of the peer.
  void mark_kept() {
    kept_ = true;
    last_used_ = Clock::now();
  }
  /// Nothing before the first time that it was idle.
  std::optional<Clock::time_point> last_used() const { return last_used_; }

  /// Calls `on_end`, once, if the peer ends the connection or says something while it is idle.
  void watch(std::function<void()> on_end);
  bool watched() const { return watched_; }
  /// It is idle no longer.
  void stop_watching();
  /// It is idle and nobody watches: an io_context that has nothing else to do may end.
  void rest() { socket_.rest(); }

 private:
  using Exchange = protocol::ClientExchange;

  Exchange begin_exchange(const Cargo& cargo) const;
  std::optional<std::chrono::milliseconds> patience(Clock::time_point deadline) const;
  std::chrono::milliseconds timeout(Exchange::Step step) const;
  TryFailure failure(std::error_code why, protocol::Progress progress) const;

  std::shared_ptr<void> place_;
  io::TimedSocket socket_;
  const DispatchOptions& options_;
  NameResolver& resolver_;
  std::array<char, 4096> read_buffer_;
  std::optional<protocol::WorkerHello> hello_;
  bool closed_ = false;
  bool kept_ = false;  ///< It was idle before the exchange.
  bool reusable_ = false;
  std::chrono::duration<double, std::milli> transfer_time_{0};
  std::optional<Clock::time_point> last_used_;
  bool watched_ = false;
  unsigned watch_ = 0;  ///< Grows whenever a watch begins or ends.
};

}  // namespace samoyed::dispatcher
