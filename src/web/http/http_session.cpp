#include "web/http/http_session.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include "web/http/parse_problem.hpp"
#include "web/http/piecewise_body.hpp"
#include "web/http/response_bytes.hpp"
#include "web/http/size_text.hpp"

namespace samoyed::web {

namespace http = boost::beast::http;
namespace {

constexpr std::string_view continue_bytes = "HTTP/1.1 100 Continue\r\n\r\n";

/// The length of `0 CR LF CR LF`, which ends every chunked body. If Beast 1.81 gets fewer bytes
/// than that, one at a time, it fails its own assertion (`n >= 5` in parse_chunk_header).
constexpr std::size_t chunked_end_bytes = 5;

}  // namespace

struct HttpSession::Parser {
  http::request_parser<PiecewiseBody> http;
};

HttpSession::HttpSession(Limits limits, const ServerTimeouts& timeouts)
    : limits_(limits),
      timeouts_(timeouts),
      pace_(limits.body_bytes_per_second_min, timeouts.body_grace) {}

HttpSession::~HttpSession() = default;

HttpSession::Action HttpSession::next(Now now) {
  switch (state_) {
    case State::reading_head:
      return read_head(now);
    case State::reading_body:
      return read_body(now);
    case State::responding:
      return write_response(now);
    case State::streaming:
      return write_stream(now);
    case State::considering:
    case State::serving:
      assert(false && "the shell owes a response");
      break;
    case State::closing:
      break;
  }
  return Close{linger_};
}

HttpSession::Action HttpSession::read_head(Now now) {
  switch (scan_.scan(unread())) {
    case HeaderScan::State::bad:
      return refuse(Reason::bad_request,
                    "The request header contains bytes that are not allowed there.");
    case HeaderScan::State::need_more:
      if (unread().size() >= limits_.header_bytes_max) break;
      return wait_for(!unread().empty() ? Wait::header
                      : any_received_   ? Wait::idle
                                        : Wait::first_byte,
                      now);
    case HeaderScan::State::complete:
      if (scan_.length() > limits_.header_bytes_max) break;
      if (scan_.length() == 2 && !std::exchange(empty_line_dropped_, true)) {
        // RFC 9112, section 2.2: ignore an empty line before the request line.
        parsed_ += 2;
        scan_ = HeaderScan();
        return read_head(now);
      }
      return on_head(now);
  }
  return refuse(Reason::header_too_large, "The request header is too large (limit " +
                                              size_text(limits_.header_bytes_max) + ").");
}

HttpSession::Action HttpSession::on_head(Now now) {
  parser_ = std::make_unique<Parser>();
  parser_->http.header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max));
  // Beast would stop at a body over its limit, but the session may have to drop such a body.
  parser_->http.body_limit(boost::none);
  waiting_ = Wait::none;
  const auto problem = parse(scan_.length());

  const auto& message = parser_->http.get();
  head_.method = std::string(message.method_string());
  head_.target = std::string(message.target());
  head_.version = static_cast<int>(message.version());
  for (const auto& field : message) {
    head_.fields.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  if (problem) return refuse(problem->reason, problem->sentence);
  // The header has ended, but Beast still waits for a part of the request line.
  if (!parser_->http.is_header_done()) {
    return refuse(Reason::bad_request, "The request line isn't complete.");
  }
  if (const auto doubt = check_head(head_)) return refuse(doubt->reason, doubt->sentence);

  const bool complete = parser_->http.is_done();
  const std::string_view expectation = find_field(head_.fields, "Expect");
  if (!expectation.empty() && head_.version >= 11) {
    if (!equal_ignoring_case(expectation, "100-continue")) {
      return refuse(Reason::expectation, "The only supported value of Expect is `100-continue`.");
    }
    continue_due_ = !complete;
  }
  keep_alive_ = parser_->http.keep_alive();
  if (complete) return on_whole_request(now);
  const bool form = is_form_type(find_field(head_.fields, "Content-Type"));
  body_bytes_max_ =
      form ? std::max(limits_.body_bytes_max, limits_.form_body_bytes_max) : limits_.body_bytes_max;
  if (body_too_large()) return refuse_large_body();
  state_ = State::considering;
  return Consider{&head_};
}

void HttpSession::proceed(std::optional<std::uint64_t> body_bytes_max) {
  assert(state_ == State::considering);
  body_bytes_max_ = body_bytes_max.value_or(limits_.body_bytes_max);
  parser_->http.body_limit(body_bytes_max_);
  state_ = State::reading_body;
}

bool HttpSession::body_too_large() const {
  const auto length = parser_->http.content_length();
  return length && *length > body_bytes_max_;
}

/// Like any rejection before the body, this one may come after the body is dropped.
HttpSession::Action HttpSession::refuse_large_body() {
  state_ = State::considering;
  return Refuse{parse_problem(http::error::body_limit, {}, named_body_bytes_max())};
}

HttpSession::Action HttpSession::read_body(Now now) {
  auto& parser = parser_->http;
  if (!refused_ && body_too_large()) return refuse_large_body();
  if (std::exchange(continue_due_, false)) {
    return Write{std::string(continue_bytes), {}, now.steady + timeouts_.write};
  }
  const std::size_t enough = parser.chunked() ? chunked_end_bytes : 1;
  while (!parser.is_done() && unread().size() >= enough) {
    const std::size_t size_before = parser.get().body().size();
    const std::size_t unread_before = unread().size();
    if (const auto problem = parse(unread_before)) {
      if (refused_ && problem->reason == Reason::too_large) return stop_dropping(now);
      return refuse(problem->reason, problem->sentence);
    }
    const std::size_t used = unread_before - unread().size();
    const bool stuck = used == 0;
    const bool framing = parser.get().body().size() == size_before;
    if (framing && !is_clean_framing(std::string_view(buffer_).substr(parsed_ - used, used))) {
      return refuse(Reason::bad_request,
                    "A chunk header or the trailers contain bytes that are not allowed there.");
    }
    // A chunk's size line and the trailers are parsed only once complete, so they need a limit of
    // their own.
    if (framing && (stuck ? unread_before : used) > limits_.header_bytes_max) {
      return refuse(Reason::header_too_large,
                    "A chunk header or the trailers are too large (limit " +
                        size_text(limits_.header_bytes_max) + ").");
    }
    if (refused_) {
      dropped_bytes_ += used;
      parser.get().body().clear();
    }
    if (stuck || dropped_bytes_ > limits_.dropped_body_bytes_max) break;
  }
  if (parser.is_done()) return on_whole_request(now);
  if (dropped_bytes_ > limits_.dropped_body_bytes_max) return stop_dropping(now);
  return wait_for(Wait::body, now);
}

HttpSession::Action HttpSession::on_whole_request(Now now) {
  waiting_ = Wait::none;
  if (refused_) {
    parser_.reset();
    state_ = State::responding;
    return write_response(now);
  }
  state_ = State::serving;
  Request request = head_;
  request.body = std::move(parser_->http.get().body());
  parser_.reset();
  return Serve{std::move(request)};
}

std::optional<Problem> HttpSession::parse(std::size_t bytes) {
  boost::beast::error_code error;
  const std::size_t used =
      parser_->http.put(boost::asio::const_buffer(unread().data(), bytes), error);
  std::optional<Problem> problem;
  if (error && error != http::error::need_more) {
    problem = parse_problem(error, unread(), named_body_bytes_max());
  }
  parsed_ += used;
  return problem;
}

HttpSession::Action HttpSession::wait_for(Wait what, Now now) {
  const bool between_requests = what == Wait::idle || what == Wait::first_byte;
  if (ended_) {
    if (between_requests) return Close{};
    if (refused_) return stop_dropping(now);
    return refuse(Reason::bad_request, "The request ended before it was complete.");
  }
  if (between_requests && stopping_) return Close{};
  if (waiting_ != what) {
    waiting_ = what;
    until_ = now.steady + timeout(what);
    pace_.begin(now.steady);
  }
  const auto until = what == Wait::body ? std::min(until_, pace_.until(now.steady)) : until_;
  if (now.steady < until) return Read{until};
  if (between_requests) return Close{};
  if (refused_) return stop_dropping(now);
  return refuse(Reason::slow_request, "The request took too long to arrive.");
}

std::chrono::milliseconds HttpSession::timeout(Wait what) const {
  switch (what) {
    case Wait::first_byte:
      return std::min(timeouts_.first_byte, timeouts_.idle);
    case Wait::header:
      return timeouts_.header;
    case Wait::body:
      return timeouts_.body;
    case Wait::idle:
    case Wait::none:
      break;
  }
  return timeouts_.idle;
}

HttpSession::Action HttpSession::refuse(Reason reason, std::string sentence) {
  state_ = State::serving;
  keep_alive_ = false;
  linger_ = true;
  return Refuse{{reason, std::move(sentence)}};
}

void HttpSession::respond(Response response) {
  assert(state_ == State::considering || state_ == State::reading_body || state_ == State::serving);
  if (response.close || response.stream) keep_alive_ = false;
  response_ = std::move(response);
  const bool considering = state_ == State::considering;
  if (considering && worth_dropping()) {
    refused_ = true;
    parser_->http.body_limit(limits_.dropped_body_bytes_max);
    state_ = State::reading_body;
    return;
  }
  const bool early = state_ != State::serving;
  if (early) keep_alive_ = false;
  linger_ = linger_ || early || response_.close;
  if (!keep_alive_) free_input();
  state_ = State::responding;
}

/// Frees what has arrived, when nothing of it will be read. The connection may last for long.
void HttpSession::free_input() {
  parser_.reset();
  std::string().swap(buffer_);
  parsed_ = 0;
}

/// A client that waits for `100 Continue` should not have to send a body that is dropped.
bool HttpSession::worth_dropping() const {
  if (continue_due_) return false;
  // A chunked body may have an error in its framing, which is reported instead of the rejection.
  if (parser_->http.chunked()) return true;
  const auto length = parser_->http.content_length();
  return !response_.close && length && *length <= limits_.dropped_body_bytes_max;
}

/// Sends the rejection although the body goes on.
HttpSession::Action HttpSession::stop_dropping(Now now) {
  keep_alive_ = false;
  linger_ = true;
  free_input();
  state_ = State::responding;
  return write_response(now);
}

void HttpSession::received(std::string_view bytes) {
  // Parsed bytes are erased only here. Erasing after every parsed piece would move the rest of a
  // body of tiny chunks once per chunk.
  buffer_.erase(0, std::exchange(parsed_, 0));
  buffer_.append(bytes);
  pace_.received(bytes.size());
  any_received_ = any_received_ || !bytes.empty();
}

std::size_t HttpSession::body_bytes() const {
  return parser_ ? parser_->http.get().body().size() : 0;
}

std::string HttpSession::take_body() {
  return parser_ ? std::exchange(parser_->http.get().body(), {}) : std::string();
}

std::uint64_t HttpSession::held_bytes() const { return unread().size() + body_bytes(); }

HttpSession::Action HttpSession::write_response(Now now) {
  const bool head_only = head_.method == "HEAD";
  const bool keep_alive = keep_alive_ && !stopping_;
  Response response = std::exchange(response_, {});
  Write write{header_bytes(response, head_.version, keep_alive, now.wall),
              {},
              now.steady + timeouts_.write};
  if (!head_only) write.body = std::move(response.body);
  if (response.stream && !head_only) {
    chunked_ = head_.version >= 11;
    endless_ = response.endless;
    last_piece_ = std::move(response.last_piece);
    state_ = State::streaming;
  } else if (keep_alive) {
    begin_request();
  } else {
    state_ = State::closing;
  }
  return write;
}

HttpSession::Action HttpSession::write_stream(Now now) {
  const bool over = stream_ended_ || (stopping_ && endless_);
  if (piece_.empty() && !over) return NextPiece{};
  std::string bytes = std::exchange(piece_, {});
  if (over) {
    state_ = State::closing;
    if (!stream_ended_ && !last_piece_.empty()) {
      bytes += chunked_ ? chunk_bytes(last_piece_) : last_piece_;
    }
    if (chunked_) bytes += last_chunk_bytes();
    if (bytes.empty()) return Close{};
  }
  return Write{std::move(bytes), {}, now.steady + timeouts_.write};
}

void HttpSession::send(std::string_view piece) {
  if (state_ != State::streaming || stream_ended_ || piece.empty()) return;
  piece_ = chunked_ ? chunk_bytes(piece) : std::string(piece);
}

void HttpSession::cut_stream() {
  piece_.clear();
  state_ = State::closing;
}

void HttpSession::begin_request() {
  state_ = State::reading_head;
  scan_ = HeaderScan();
  parser_.reset();
  head_ = Request();
  empty_line_dropped_ = false;
  continue_due_ = false;
  refused_ = false;
  dropped_bytes_ = 0;
  waiting_ = Wait::none;
}

}  // namespace samoyed::web
