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

#include "samoyed/io/timed_socket.hpp"
#include "web/access/admission.hpp"
#include "web/http/http_session.hpp"
#include "web/routes/request_context.hpp"
#include "web/server/client_watch.hpp"
#include "web/server/live_stream.hpp"
#include "web/server/server_context.hpp"

namespace samoyed::web {

/// Carries bytes between one socket and an HttpSession, and requests through the guards to their
/// handlers.
///
/// A client that leaves while its image is at a worker ends the connection without an answer, and
/// the classifier learns that nobody waits any more.
///
/// Thread rule: the one thread of the socket's executor. Must live until `run` has returned.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  /// With `turned_away` the first request is answered with that, and the connection closed.
  HttpConnection(asio::ip::tcp::socket socket, ServerContext& server,
                 std::optional<Problem> turned_away);

  /// Serves requests until the connection ends. Call once.
  asio::awaitable<void> run();

  /// Lets `run` finish the request under way, if there is one, and return.
  void stop();
  /// Lets `run` return as soon as no image is at a worker; requests under way go unanswered.
  void cut();

  /// True while an image is at a worker, which may take a moment to let go of it.
  bool classifying() const { return watch_->active(); }

 private:
  using Clock = HttpSession::Clock;

  /// The request that is being read or answered.
  struct Current {
    RequestContext context;
    Clock::time_point begun;
    std::string client;  ///< For the log.
    std::string line;    ///< For the log.
    bool upload;
    bool checked = false;                      ///< The guards have let it pass.
    std::optional<int> status = std::nullopt;  ///< Once its answer is on the way.
  };

  /// Both are false if the connection is lost.
  asio::awaitable<bool> read(Clock::time_point until);
  asio::awaitable<bool> write(const HttpSession::Write& response);
  /// False if the client left meanwhile.
  asio::awaitable<bool> serve(Request& request);
  asio::awaitable<Response> handle(Request& request);
  Response open_stream(Response response);
  asio::awaitable<void> feed_stream();
  asio::awaitable<void> linger();
  void consider();
  void admit();
  void respond(Response response);
  Response anonymous_error(const Problem& problem) const;
  Response fail(std::string_view what) const;
  void begin_request();
  void log_answer(int status, std::size_t bytes);
  void log_line(spdlog::level::level_enum level, const std::string& line) const;

  io::TimedSocket socket_;
  ServerContext& server_;
  const std::optional<Problem> turned_away_;
  HttpSession session_;
  const std::string peer_;  ///< HOST:PORT, for the log.
  const std::string peer_address_;
  std::array<char, std::size_t{32} << 10> received_;
  bool stopping_ = false;
  bool cut_ = false;
  bool reading_ = false;

  const std::shared_ptr<ClientWatch> watch_;  ///< Its timer may outlive the connection.

  std::optional<Current> current_;
  std::optional<Admission::Ticket> ticket_;  ///< Of an upload, until it is answered.

  std::optional<LiveStream> stream_;  ///< Of a streamed answer.
};

}  // namespace samoyed::web
