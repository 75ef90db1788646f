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
#include "samoyed/dispatcher/name_resolver.hpp"
#include "samoyed/io/timed_socket.hpp"
#include "samoyed/protocol/client_exchange.hpp"

namespace samoyed::dispatcher {

/// True for errors caused by a lack of resources on this machine, not by the worker.
bool is_lack_of_resources(std::error_code error);

/// The error for a name whose addresses are all outside the networks that workers may be in.
std::error_code outside_of_worker_networks();

/// The error for a worker that answers plain text with a TLS alert.
std::error_code worker_expects_tls();

/// One image to send to a worker, and what its answer should contain.
struct ImageRequest {
  std::shared_ptr<const protocol::EncodedImage> image;
  std::optional<int> top;
  std::optional<int> thumbnail_side;
  /// The model that the worker must run; empty for any.
  std::string model;
  /// After this time no one waits for the result.
  Clock::time_point deadline;
};

/// One TCP connection to a worker. Carries out the client's side of the protocol, with a deadline
/// for each step.
///
/// Thread rule: the thread of the executor. Only one operation may run at a time; `close` may end
/// it.
class WorkerConnection : public std::enable_shared_from_this<WorkerConnection> {
 public:
  /// Options and resolver must outlive every operation. `slot` is released when the connection is
  /// destroyed.
  WorkerConnection(const asio::any_io_executor& executor, const DispatchOptions& options,
                   NameResolver& resolver, std::shared_ptr<void> slot)
      : slot_(std::move(slot)), socket_(executor), options_(options), resolver_(resolver) {}

  /// Resolves the name, connects and, with `options.tls`, makes the TLS handshake, all together
  /// within `timeouts.connect`. `discovered_by` is the DNS name that has the worker, if one has.
  asio::awaitable<std::error_code> connect(protocol::Address address,
                                           std::string discovered_by = {});

  /// Says hello. If the result is Greeted{}, the peer is a reference server and this connection
  /// can't be used again.
  asio::awaitable<std::variant<protocol::Greeted, AttemptFailure>> greet();

  /// Sends one image; `request` must outlive the call. The deadline and the wanted thumbnail are
  /// passed on to workers that support them. After a failure the connection can't be used again.
  asio::awaitable<std::variant<protocol::Result, AttemptFailure>> send(const ImageRequest& request);

  /// From the size message to the image's A, for the last image that was sent completely.
  std::chrono::duration<double, std::milli> transfer_time() const { return transfer_time_; }

  /// Makes the current operation and every later one fail.
  void close();

  /// The dialect that greet() found; plain before that.
  protocol::Dialect dialect() const {
    return hello_ ? protocol::Dialect::extended : protocol::Dialect::plain;
  }
  const std::optional<protocol::WorkerHello>& hello() const { return hello_; }

  /// True if an exchange ended well and the connection can carry another.
  bool reusable() const { return reusable_; }

  /// Marks the connection as idle. If the peer ends it now, that says nothing about the peer.
  void mark_kept() {
    kept_ = true;
    last_used_ = Clock::now();
  }
  /// When it last became idle; std::nullopt before the first time.
  std::optional<Clock::time_point> last_used() const { return last_used_; }

  /// Calls `on_end` once if the peer ends the connection or sends something while it is idle.
  void watch(std::function<void()> on_end);
  bool watched() const { return watched_; }
  /// Call this before the connection is used again.
  void stop_watching();
  /// Lets the io_context end although this connection is open and idle. Only for connections that
  /// aren't watched.
  void rest() { socket_.rest(); }

 private:
  using Exchange = protocol::ClientExchange;

  asio::awaitable<void> secure(protocol::Address address, std::string discovered_by,
                               Clock::time_point deadline, std::error_code& error);
  bool is_tls_alert(std::size_t size) const;
  Exchange begin_exchange(const ImageRequest& request) const;
  bool pipelines(const ImageRequest& request) const;
  std::optional<std::chrono::milliseconds> patience(Clock::time_point deadline) const;
  std::chrono::milliseconds timeout(Exchange::Step step) const;
  AttemptFailure failure(std::error_code why, protocol::Progress progress) const;

  std::shared_ptr<void> slot_;
  io::TimedSocket socket_;
  const DispatchOptions& options_;
  NameResolver& resolver_;
  std::array<char, 4096> read_buffer_;
  std::optional<protocol::WorkerHello> hello_;
  bool secured_ = false;
  bool closed_ = false;
  bool kept_ = false;  ///< True if it was idle before the current exchange.
  bool reusable_ = false;
  std::chrono::duration<double, std::milli> transfer_time_{0};
  std::optional<Clock::time_point> last_used_;
  bool watched_ = false;
  unsigned watch_ = 0;  ///< Incremented whenever a watch begins or ends.
};

}  // namespace samoyed::dispatcher
