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
#include "web/http/body_pace.hpp"
#include "web/http/http_message.hpp"
#include "web/http/request_check.hpp"

namespace samoyed::web {

/// One HTTP/1.x connection as a state machine without I/O. It takes bytes and the time, and returns
/// requests and bytes to write. Boost.Beast does the parsing and the serializing.
///
///     reading_head --> considering --> reading_body --> serving --> responding --+
///       ^    |               |              |                           ^        |
///       |    +---------------+--- refusing -+---------------------------+        |
///       +------------------------- keep-alive ------------------------------- closed
///                                                                               ^
///                                             a streamed response: streaming ---+
///
/// The caller asks `next()` what to do, does it, and reports what happened. Pipelined requests wait
/// in the buffer until the previous one is answered. The caller bounds the buffer: it reads when an
/// action says so, and only a little more while a request is served.
///
/// A request that is rejected before its body was read ends the connection. The connection lingers
/// then: if it were closed at once, unread bytes would make the kernel reset the connection, and
/// the client would lose the answer. A small body is read first instead, and the connection is
/// kept if the client wants that. If the body stalls, the rejection is sent at once. An error in
/// the framing of a chunked body takes the place of the rejection.
///
/// Not thread-safe: use from one thread.
class HttpSession {
 public:
  using Clock = std::chrono::steady_clock;

  /// `steady` is for deadlines, `wall` is for the Date field.
  struct Now {
    Clock::time_point steady;
    std::chrono::system_clock::time_point wall;
  };

  struct Limits {
    std::size_t header_bytes_max = 0;
    /// Counted without transfer coding.
    std::uint64_t body_bytes_max = 0;
    /// After a rejection, a chunked body or an announced body is read and dropped up to this size.
    std::uint64_t dropped_body_bytes_max = 0;
    /// Least rate of a body's arrival, at least 1. A body may fall behind by `body_grace`.
    std::uint64_t body_bytes_per_second_min = 1;
    /// What a form may add to an image. Errors name the limit of a body without it.
    std::uint64_t form_overhead_bytes_max = 0;
    /// The most that `proceed` may allow for a form. Other bodies have `body_bytes_max`.
    std::uint64_t form_body_bytes_max = 0;
  };

  /// Read until `until`, call `received` or `ended`, and call `next` again. If no bytes came before
  /// `until`, also call `next` again.
  struct Read {
    Clock::time_point until;
  };
  /// Write `header`, then `body`, which may be empty. Calling `next` again means that it is
  /// written.
  struct Write {
    std::string header;
    std::string body;
    Clock::time_point until;
  };
  /// The header of a request whose body is still to come. Call `proceed` to read the body, or
  /// `respond` to skip it.
  struct Consider {
    const Request* head;
  };
  /// A whole request. Call `respond`.
  struct Serve {
    Request request;
  };
  /// A streamed response is ready for its next piece. Call `send`, `end_stream`, `cut_stream` or,
  /// if there is nothing to send yet, none of them. Then call `next` again soon.
  struct NextPiece {};
  /// The request is invalid or exceeds a limit. Call `respond` with an error.
  struct Refuse {
    Problem problem;
  };
  /// Close the connection. If `linger` is set, first stop writing, and drop what still comes, up to
  /// a limit.
  struct Close {
    bool linger = false;
  };
  using Action = std::variant<Read, Write, Consider, Serve, NextPiece, Refuse, Close>;

  HttpSession(Limits limits, const ServerTimeouts& timeouts);
  ~HttpSession();

  Action next(Now now);

  void received(std::string_view bytes);
  /// Reports that the peer will send nothing more.
  void ended() { ended_ = true; }

  /// Reads the body. `body_bytes_max` is its own limit, if it isn't that of the Limits.
  void proceed(std::optional<std::uint64_t> body_bytes_max = std::nullopt);
  /// May also be called after `proceed`, as long as the body is being read.
  void respond(Response response);

  /// Sends the next piece of a stream. Call `next` before the next piece. Pieces after the end are
  /// dropped.
  void send(std::string_view piece);
  /// Ends the stream. No more pieces may follow.
  void end_stream() { stream_ended_ = true; }
  /// Aborts the stream, so that the client sees that it is incomplete.
  void cut_stream();

  /// Answers the request in progress, accepts no further one, ends an endless stream, and closes.
  void stop() { stopping_ = true; }

  /// The head of the request that is being read or answered, as far as it could be parsed.
  const Request& head() const { return head_; }

  /// Size of the body so far, without what `take_body` took.
  std::size_t body_bytes() const;
  /// Takes the body so far, so that it need not be held in memory. `Serve` then has the rest.
  std::string take_body();

  /// Bytes received and not yet handed out: the body so far, and the unparsed bytes.
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
  enum class Wait { none, first_byte, idle, header, body };

  Action read_head(Now now);
  Action read_body(Now now);
  Action on_head(Now now);
  Action on_whole_request(Now now);
  Action wait_for(Wait what, Now now);
  std::chrono::milliseconds timeout(Wait what) const;
  Action refuse(Reason reason, std::string sentence);
  bool body_too_large() const;
  Action refuse_large_body();
  /// The limit that errors name.
  std::uint64_t named_body_bytes_max() const {
    return body_bytes_max_ - limits_.form_overhead_bytes_max;
  }
  Action write_response(Now now);
  Action write_stream(Now now);
  void begin_request();
  void free_input();
  std::string_view unread() const { return std::string_view(buffer_).substr(parsed_); }
  bool worth_dropping() const;
  Action stop_dropping(Now now);
  /// Passes unparsed bytes to the parser. Returns std::nullopt on success.
  std::optional<Problem> parse(std::size_t bytes);

  const Limits limits_;
  const ServerTimeouts timeouts_;
  State state_ = State::reading_head;
  std::string buffer_;
  std::size_t parsed_ = 0;  ///< Bytes at the buffer's beginning that are done.
  bool ended_ = false;
  bool stopping_ = false;

  // The request that is being read or answered:
  HeaderScan scan_;
  std::unique_ptr<Parser> parser_;
  std::uint64_t body_bytes_max_ = 0;
  Request head_;
  bool empty_line_dropped_ = false;
  bool continue_due_ = false;
  bool keep_alive_ = false;
  bool linger_ = false;
  bool refused_ = false;  ///< `response_` is ready, and the body is read only to be dropped.
  std::uint64_t dropped_bytes_ = 0;  ///< With the framing of a chunked body.
  Response response_;
  bool chunked_ = false;         ///< The stream is chunked.
  bool endless_ = false;         ///< The stream has no end of its own.
  std::string last_piece_ = {};  ///< Of an endless stream that a stop ends.
  bool stream_ended_ = false;
  std::string piece_;  ///< The stream's next bytes to write.

  Wait waiting_ = Wait::none;
  Clock::time_point until_;
  bool any_received_ = false;
  BodyPace pace_;
};

}  // namespace samoyed::web
