#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <spdlog/common.h>

#include "samoyed/io/event.hpp"
#include "samoyed/io/timed_socket.hpp"
#include "web/access/admission.hpp"
#include "web/http/http_session.hpp"
#include "web/server/client_watch.hpp"
#include "web/server/current_request.hpp"
#include "web/server/live_stream.hpp"
#include "web/server/server_context.hpp"

namespace samoyed::web {

/// Moves bytes between one socket and an HttpSession, and passes requests through the guards to
/// their handlers.
///
/// If a client disconnects while its image is at a worker, the connection ends without an answer,
/// and the classifier is told that nobody waits anymore.
///
/// Thread rule: the one thread of the socket's executor. Must exist until `run` has returned.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  /// If `turned_away` is set, the first request is answered with that error, and the connection is
  /// closed.
  HttpConnection(asio::ip::tcp::socket socket, ServerContext& server,
                 std::optional<Problem> turned_away);

  /// Serves requests until the connection ends. Call once.
  asio::awaitable<void> run();

  /// Makes `run` return after the request in progress, if there is one.
  void stop();
  /// Makes `run` return as soon as no image is at a worker. Requests in progress get no answer.
  void cut();

  /// Since when the server waits for the client: for its first or its next bytes, for it to read,
  /// or for its other connections' turns. std::nullopt while the server works, and for a connection
  /// that is cut or turned away.
  std::optional<HttpSession::Clock::time_point> waiting_since() const {
    return turned_away_ || cut_ ? std::nullopt : waiting_since_;
  }

  /// Returns true while an image is at a worker. Canceling it may take a moment.
  bool classifying() const { return watch_->active(); }

 private:
  using Clock = HttpSession::Clock;

  /// Both return false if the connection is lost.
  asio::awaitable<bool> read(Clock::time_point until);
  asio::awaitable<bool> write(const HttpSession::Write& response);
  /// Waits until the client's next request may be handled. Returns false if the connection is cut.
  asio::awaitable<bool> take_turn();
  /// Returns false if the client has disconnected.
  asio::awaitable<bool> serve(Request& request);
  asio::awaitable<Response> handle(Request& request);
  Response open_stream(Response response);
  asio::awaitable<void> feed_stream();
  asio::awaitable<void> linger();
  void consider();
  void admit();
  /// Moves the body so far to disk if it is too large for memory. Returns an error if it can't.
  asio::awaitable<std::optional<Problem>> store_body();
  /// Stores the rest of a body whose beginning is stored.
  asio::awaitable<std::optional<Problem>> finish_stored();
  /// Ends an upload that is being received, to make room for others.
  void evict_upload();
  void respond(Response response);
  Response anonymous_error(const Problem& problem) const;
  Response fail(const Problem& problem, std::string_view what) const;
  void begin_request();
  void log_line(spdlog::level::level_enum level, const std::string& line) const;

  io::TimedSocket socket_;
  ServerContext& server_;
  const std::optional<Problem> turned_away_;
  const std::string peer_;  ///< HOST:PORT, for the log.
  const std::string peer_address_;
  HttpSession session_;
  std::array<char, std::size_t{32} << 10> received_;
  bool cut_ = false;
  bool reading_ = false;
  std::optional<Clock::time_point> waiting_since_;
  io::Event turn_;

  const std::shared_ptr<ClientWatch> watch_;  ///< Its timer may outlive the connection.

  std::optional<CurrentRequest> current_;
  std::optional<Admission::Ticket> ticket_;  ///< An upload's place, until it is answered.
  bool evicted_ = false;  ///< The upload had to make room and is still to be answered.

  std::optional<LiveStream> stream_;  ///< The source of a streamed answer.
};

}  // namespace samoyed::web
