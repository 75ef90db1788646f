#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "samoyed/web/server_limits.hpp"
#include "web/http/http_message.hpp"
#include "web/http/request_check.hpp"

namespace samoyed::web {

/// One HTTP/1.x connection as states and actions without I/O: bytes and the time in, requests and
/// bytes out. The parsing and the writing are Boost.Beast's.
///
///     reading_head --> considering --> reading_body --> serving --> responding --+
///       ^    |               |              |                           ^        |
///       |    +---------------+--- refusing -+---------------------------+        |
///       +------------------------- keep-alive ------------------------------- closed
///                                                                               ^
///                                             a streamed response: streaming ---+
///
/// The shell asks `next()` what to do, does it, and reports what happened. Pipelined requests wait
/// in the buffer until the one before is answered; the shell bounds what waits, because it reads
/// when an action says so, and only a little more while a request is served.
///
/// A request that is refused before its body was read ends the connection, lingering: closed at
/// once, unread bytes would make the kernel reset the connection and the client lose the answer. A
/// small body is read first, and the connection kept.
///
/// Not thread-safe.
class HttpSession {
 public:
  using Clock = std::chrono::steady_clock;

  /// Deadlines are measured by the one, Date is written by the other.
  struct Now {
    Clock::time_point steady;
    std::chrono::system_clock::time_point wall;
  };

  struct Limits {
    std::size_t header_bytes_max = 0;
    /// Without transfer coding.
    std::uint64_t body_bytes_max = 0;
    /// An announced body up to this is read and dropped after a refusal.
    std::uint64_t dropped_body_bytes_max = 0;
  };

  /// Read until `until`, report `received` or `ended`, and ask again; at `until` without bytes, ask
  /// again too.
  struct Read {
    Clock::time_point until;
  };
  /// Write `header`, then `body`, which may be empty. Counts as done when `next` is called again.
  struct Write {
    std::string header;
    std::string body;
    Clock::time_point until;
  };
  /// A request has a body to come: call `proceed`, or `respond` in order not to read it.
  struct Consider {
    const Request* head;
  };
  /// A whole request: call `respond`.
  struct Serve {
    Request request;
  };
  /// The header of a streamed response is out: call `send`, `end_stream` or `cut_stream` when there
  /// is reason to, or nothing for now, and ask again soon.
  struct NextPiece {};
  /// The request can't be understood or is too much: call `respond` with a page that says so.
  struct Refuse {
    Problem problem;
  };
  /// Close the connection; `linger` first, that is, stop writing and drop what still comes, within
  /// a bound.
  struct Close {
    bool linger = false;
  };
  using Action = std::variant<Read, Write, Consider, Serve, NextPiece, Refuse, Close>;

  HttpSession(Limits limits, const ServerTimeouts& timeouts);
  ~HttpSession();

  Action next(Now now);

  void received(std::string_view bytes);
  /// The peer will send nothing more.
  void ended() { ended_ = true; }

  void proceed();
  /// Also takes back a `proceed`, as long as the body is being read.
  void respond(Response response);

  /// The next piece of a stream; after it, ask for the next action before the next piece. Pieces
  /// after the end are dropped.
  void send(std::string_view piece);
  /// No more pieces come.
  void end_stream() { stream_ended_ = true; }
  /// No more can be had: the client is to see that the stream is not whole.
  void cut_stream();

  /// Answers what is under way, takes no further request, ends an endless stream, and closes.
  void stop() { stopping_ = true; }

  /// Of the request that is being read or answered, as far as its header could be read.
  const Request& head() const { return head_; }

  /// Of what came and was not handed out yet: the body so far, and unread bytes.
  std::uint64_t held_bytes() const;

 private:
  struct Parser;
  enum class State {
    reading_head,
    considering,
    reading_body,
    serving,
    responding,
    streaming,
    closing,
  };
  enum class Wait { none, idle, header, body };

  Action read_head(Now now);
  Action read_body(Now now);
  Action on_head(Now now);
  Action on_whole_request(Now now);
  Action wait_for(Wait what, Now now);
  Action refuse(Reason reason, std::string sentence);
  Action write_response(Now now);
  Action write_stream(Now now);
  void begin_request();
  std::string_view unread() const { return std::string_view(buffer_).substr(parsed_); }
  bool worth_dropping() const;
  /// Hands unread bytes to the parser; returns std::nullopt on success.
  std::optional<Problem> parse(std::size_t bytes);

  const Limits limits_;
  const ServerTimeouts timeouts_;
  State state_ = State::reading_head;
  std::string buffer_;
  std::size_t parsed_ = 0;  ///< Bytes of the buffer that are done with.
  bool ended_ = false;
  bool stopping_ = false;

  // Of the request that is being read or answered:
  HeaderScan scan_;
  std::unique_ptr<Parser> parser_;
  Request head_;
  bool empty_line_dropped_ = false;
  bool continue_due_ = false;
  bool keep_alive_ = false;
  bool linger_ = false;
  bool refused_ = false;  ///< The body is read only to be dropped: `response_` is ready.
  Response response_;
  bool chunked_ = false;  ///< The stream is.
  bool endless_ = false;  ///< Likewise.
  bool stream_ended_ = false;
  std::string piece_;  ///< Of the stream, to be written.

  Wait waiting_ = Wait::none;
  Clock::time_point until_;
};

}  // namespace samoyed::web
