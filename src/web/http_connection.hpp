#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/io/timed_socket.hpp"
#include "samoyed/web/server_options.hpp"
#include "web/http_session.hpp"
#include "web/routes.hpp"

namespace samoyed::web {

/// What all connections share; outlives them.
struct Site {
  Routes routes;
  dispatcher::Classifier& classifier;
  ServerOptions options;
};

/// Carries bytes between one socket and an HttpSession, and pictures to the classifier.
///
/// Thread rule: the one thread of the socket's executor. Must live until `run` has returned.
class HttpConnection {
 public:
  HttpConnection(asio::ip::tcp::socket socket, const Site& site);

  /// Serves requests until the connection ends. Call once.
  asio::awaitable<void> run();

  /// Lets `run` finish the request under way, if there is one, and return.
  void stop();
  /// Lets `run` return as soon as no picture is at a worker; what is under way goes unanswered.
  void cut();

  /// Whether a picture is at a worker, which can't be hurried.
  bool classifying() const { return classifying_; }

 private:
  using Clock = HttpSession::Clock;

  /// An answer on its way, for the log.
  struct Answered {
    int status;
    std::string method;
    std::string target;
  };

  /// Both are false if the connection is lost.
  asio::awaitable<bool> read(Clock::time_point until);
  asio::awaitable<bool> write(const std::string& bytes, Clock::time_point until);
  asio::awaitable<Response> serve(Request& request);
  asio::awaitable<void> linger();
  void consider(const Request& head);
  void respond(Response response);
  void note_begin();
  void log_answer(std::size_t bytes);

  io::TimedSocket socket_;
  const Site& site_;
  HttpSession session_;
  std::string peer_;
  std::array<char, std::size_t{32} << 10> received_;
  bool cut_ = false;
  bool reading_ = false;
  bool classifying_ = false;
  std::optional<Clock::time_point> begun_;  ///< When the request's header was there.
  std::optional<Answered> answered_;
};

/// A client's text for a line of the log: cut to a bound, and nothing in it but printable ASCII.
std::string log_text(std::string_view text);

}  // namespace samoyed::web
