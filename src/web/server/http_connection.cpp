#include "web/server/http_connection.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>
#include <variant>

#include <asio/buffer.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/endpoint_text.hpp"
#include "samoyed/io/errc.hpp"
#include "samoyed/io/log.hpp"
#include "web/access/session_cookies.hpp"
#include "web/access/visitor.hpp"
#include "web/forms/multipart.hpp"
#include "web/http/base_path.hpp"
#include "web/http/request_id.hpp"
#include "web/http/responses.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/guards.hpp"
#include "web/server/make_request_context.hpp"

namespace samoyed::web {
namespace {

/// Maximum size of a rejected request's body that is read and dropped. Reading it costs less than a
/// new connection.
constexpr std::uint64_t dropped_body_bytes_max = std::uint64_t{64} << 10;

/// A stored body goes to disk in pieces of this size.
constexpr std::uint64_t stored_piece_bytes = std::uint64_t{1} << 20;

HttpSession::Now now() {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

/// A proxy written in Go, such as Caddy, may cut an answer that comes before the end of a body over
/// 256 KiB (https://github.com/golang/go/issues/40747). So what would be dropped after the answer
/// is dropped before it.
HttpSession::Limits session_limits(const ServerLimits& limits, bool proxy) {
  const std::uint64_t body_bytes_max = limits.image_bytes_max + limits.form_overhead_bytes_max;
  const std::uint64_t dropped =
      proxy ? std::max({dropped_body_bytes_max, body_bytes_max, limits.linger_bytes_max})
            : dropped_body_bytes_max;
  return {limits.header_bytes_max,
          body_bytes_max,
          dropped,
          limits.body_bytes_per_second_min,
          limits.form_overhead_bytes_max,
          limits.form_bytes_max + limits.form_overhead_bytes_max};
}

ServerTimeouts session_timeouts(ServerTimeouts timeouts, bool turned_away) {
  if (!turned_away) return timeouts;
  for (auto* const step : {&timeouts.idle, &timeouts.header, &timeouts.body, &timeouts.write}) {
    *step = std::min(*step, timeouts.refused);
  }
  return timeouts;
}

std::string address_of(const asio::ip::tcp::socket& socket) {
  std::error_code gone;
  return socket.remote_endpoint(gone).address().to_string();
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, ServerContext& server,
                               std::optional<Problem> turned_away)
    : socket_(std::move(socket)),
      server_(server),
      turned_away_(std::move(turned_away)),
      peer_(io::peer_name(socket_.socket())),
      peer_address_(address_of(socket_.socket())),
      session_(session_limits(
                   server.options.limits,
                   !turned_away_ && server.options.access.trusted_proxies.contains(peer_address_)),
               session_timeouts(server.options.timeouts, turned_away_.has_value())),
      turn_(socket_.socket().get_executor()),
      watch_(std::make_shared<ClientWatch>(socket_, session_, received_,
                                           server.options.limits.header_bytes_max)) {}

asio::awaitable<void> HttpConnection::run() {
  while (!cut_) {
    HttpSession::Action action = session_.next(now());
    if (const auto* to_read = std::get_if<HttpSession::Read>(&action)) {
      if (!co_await read(to_read->until)) co_return;
    } else if (const auto* to_write = std::get_if<HttpSession::Write>(&action)) {
      if (!co_await write(*to_write)) co_return;
    } else if (std::holds_alternative<HttpSession::Consider>(action)) {
      if (!co_await take_turn()) co_return;
      consider();
    } else if (auto* to_serve = std::get_if<HttpSession::Serve>(&action)) {
      if (!co_await take_turn() || !co_await serve(to_serve->request)) co_return;
    } else if (std::holds_alternative<HttpSession::NextPiece>(action)) {
      co_await feed_stream();
    } else if (const auto* to_refuse = std::get_if<HttpSession::Refuse>(&action)) {
      if (!co_await take_turn()) co_return;
      respond(anonymous_error(to_refuse->problem));
    } else {
      if (std::get<HttpSession::Close>(action).linger) co_await linger();
      co_return;
    }
  }
}

void HttpConnection::stop() {
  session_.stop();
  // This ends a read that waits for another request. Any other read resumes where it was.
  if (reading_) socket_.cancel();
}

void HttpConnection::cut() {
  cut_ = true;
  std::error_code ignored;  // The connection is lost in any case.
  socket_.socket().close(ignored);
  turn_.notify();
}

asio::awaitable<bool> HttpConnection::take_turn() {
  begin_request();
  waiting_since_ = Clock::now();
  std::string client = current_->context.client;
  co_await server_.turns.take(std::move(client), turn_);
  waiting_since_.reset();
  co_return !cut_;
}

asio::awaitable<bool> HttpConnection::read(Clock::time_point until) {
  if (const auto problem = co_await store_body()) {
    respond(anonymous_error(*problem));
    co_return true;
  }
  std::error_code error;
  reading_ = true;
  waiting_since_ = Clock::now();
  std::size_t size = 0;
  if (!evicted_) size = co_await socket_.read_some(asio::buffer(received_), until, error);
  waiting_since_.reset();
  reading_ = false;
  if (cut_) co_return false;
  if (std::exchange(evicted_, false)) {
    respond(anonymous_error(upload_not_admitted(Reason::overloaded)));
    co_return true;
  }
  if (error == asio::error::eof) {
    session_.ended();
  } else if (error && error != io::Errc::timed_out && error != asio::error::operation_aborted) {
    co_return false;
  }
  if (ticket_ && !ticket_->hold(session_.held_bytes() + size, Clock::now())) {
    respond(anonymous_error(upload_not_admitted(Reason::overloaded)));
    co_return true;
  }
  session_.received({received_.data(), size});
  co_return true;
}

asio::awaitable<bool> HttpConnection::write(const HttpSession::Write& response) {
  const std::size_t size = response.header.size() + response.body.size();
  // An answer is never larger than what was held for its image and the page around it. If there is
  // no room for it, the request keeps holding what it held for the image.
  if (ticket_ && current_->status) ticket_->hold(size, Clock::now());
  std::error_code error;
  waiting_since_ = Clock::now();
  const asio::const_buffer header = asio::buffer(response.header) + watch_->take_sent_early();
  co_await socket_.write(header, asio::buffer(response.body), response.until, error);
  waiting_since_.reset();
  if (error) {
    log_line(spdlog::level::info, peer_ + " didn't receive its answer: " + error.message());
  }
  if (current_ && current_->status && !error) {
    log_answer(*current_, *current_->status, size);
    current_.reset();
    ticket_.reset();
  }
  co_return !error;
}

void HttpConnection::consider() {
  begin_request();
  current_->context.request = session_.head();  // Its body has not arrived yet.
  try {
    if (turned_away_) {
      respond(anonymous_error(*turned_away_));
    } else if (auto rejection = check_request(server_.services, current_->context)) {
      respond(std::move(*rejection));
    } else {
      current_->checked = true;
      admit();
    }
  } catch (const std::exception& error) {
    respond(fail(internal_error(), error.what()));
  }
}

void HttpConnection::admit() {
  if (current_->upload) {
    auto entered =
        server_.uploads.receive(current_->context.client, Clock::now(), [this] { evict_upload(); });
    if (const auto* reason = std::get_if<Reason>(&entered)) {
      respond(anonymous_error(upload_not_admitted(*reason)));
      return;
    }
    ticket_.emplace(std::get<Admission::Ticket>(std::move(entered)));
  }
  const ServerLimits& limits = server_.options.limits;
  if (may_be_stored(current_->context)) {
    session_.proceed(std::max(limits.form_bytes_max, limits.image_bytes_max) +
                     limits.form_overhead_bytes_max);
  } else {
    session_.proceed();
  }
}

asio::awaitable<std::optional<Problem>> HttpConnection::store_body() {
  if (!current_ || !current_->checked || !may_be_stored(current_->context)) co_return std::nullopt;
  const ServerLimits& limits = server_.options.limits;
  const std::uint64_t held_max = current_->stored
                                     ? stored_piece_bytes
                                     : limits.image_bytes_max + limits.form_overhead_bytes_max;
  if (session_.body_bytes() <= held_max) co_return std::nullopt;
  if (!current_->stored) {
    // The guards have checked the boundary.
    const auto boundary = form_boundary(find_field(session_.head().fields, "Content-Type"));
    current_->stored = std::make_shared<StoredUpload>(server_.forms, current_->context.client,
                                                      std::get<std::string>(boundary));
  }
  std::string piece = session_.take_body();
  co_return co_await current_->stored->append(std::move(piece));
}

asio::awaitable<std::optional<Problem>> HttpConnection::finish_stored() {
  std::string piece = std::exchange(current_->context.request.body, {});
  auto problem = co_await current_->stored->append(std::move(piece));
  if (!problem) problem = current_->stored->finish();
  current_->context.stored_form = current_->stored;
  co_return problem;
}

void HttpConnection::evict_upload() {
  evicted_ = true;
  if (reading_) socket_.cancel();
}

asio::awaitable<bool> HttpConnection::serve(Request& request) {
  begin_request();
  std::optional<Response> response;
  try {
    response = co_await handle(request);
  } catch (const dispatcher::StorageError& error) {
    response = fail(storage_error(), error.what());
  } catch (const std::exception& error) {
    response = fail(internal_error(), error.what());
  }
  if (watch_->client_left()) {
    if (!cut_) log_answer(*current_, status_of(Reason::client_left), 0);
    server_.services.metrics.count_refused(code_of(Reason::client_left));
    co_return false;
  }
  respond(std::move(*response));
  co_return true;
}

asio::awaitable<Response> HttpConnection::handle(Request& request) {
  if (turned_away_) co_return anonymous_error(*turned_away_);
  RequestContext& context = current_->context;
  context.request = std::move(request);
  if (!current_->checked) {
    if (auto rejection = check_request(server_.services, context)) co_return std::move(*rejection);
  }
  // First, because it may wait for the database, and a slot is for work only.
  if (context.adoption) co_await adopt_visitor(server_, context);
  // Meanwhile others may have needed the memory.
  if (std::exchange(evicted_, false)) {
    co_return anonymous_error(upload_not_admitted(Reason::overloaded));
  }
  if (!ticket_ && context.route.route->policy.takes_slot) {
    auto entered = server_.uploads.enter(context.client);
    if (const auto* reason = std::get_if<Reason>(&entered)) {
      co_return anonymous_error(upload_not_admitted(*reason));
    }
    ticket_.emplace(std::get<Admission::Ticket>(std::move(entered)));
  }
  if (ticket_) {
    if (const auto reason = ticket_->take_slot()) {
      co_return anonymous_error(upload_not_admitted(*reason));
    }
    context.ticket = &*ticket_;
  }
  if (current_->stored) {
    if (const auto problem = co_await finish_stored()) co_return anonymous_error(*problem);
    if (ticket_) ticket_->hold(session_.held_bytes(), Clock::now());
  }
  context.presence = watch_.get();
  Response response = co_await context.route.route->handler(server_.services, context);
  co_return response.feed ? open_stream(std::move(response)) : std::move(response);
}

Response HttpConnection::open_stream(Response response) {
  auto entered = server_.streams.enter(current_->context.client);
  if (std::holds_alternative<Reason>(entered)) {
    return error_response(server_.services, current_->context, too_many_streams());
  }
  std::optional<std::chrono::milliseconds> heartbeat;
  if (response.endless) heartbeat = server_.options.timeouts.heartbeat;
  stream_.emplace(std::exchange(response.feed, nullptr),
                  std::get<Admission::Ticket>(std::move(entered)), heartbeat);
  return response;
}

/// Sends one piece of a stream, or waits a moment for one. The moment is short enough to notice
/// when the connection should end.
asio::awaitable<void> HttpConnection::feed_stream() {
  std::optional<std::string> piece;
  std::string failure;
  try {
    piece = co_await stream_->next();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (!failure.empty()) {
    log_line(spdlog::level::err, peer_ + ": the stream failed: " + failure);
    session_.cut_stream();
  } else if (!piece) {
    session_.end_stream();
  } else {
    session_.send(*piece);
  }
}

asio::awaitable<void> HttpConnection::linger() {
  const ServerLimits& limits = server_.options.limits;
  const ServerTimeouts& timeouts = server_.options.timeouts;
  if (server_.lingering >= limits.lingering_max) co_return;
  ++server_.lingering;
  std::error_code error;
  socket_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  const auto until = Clock::now() + (turned_away_ ? timeouts.refused : timeouts.linger);
  waiting_since_ = Clock::now();
  const auto bytes_max = turned_away_ ? limits.refused_linger_bytes_max : limits.linger_bytes_max;
  std::uint64_t dropped = 0;
  while (!error && !cut_ && dropped < bytes_max) {
    dropped += co_await socket_.read_some(asio::buffer(received_), until, error);
  }
  --server_.lingering;
}

void HttpConnection::respond(Response response) {
  RequestContext& context = current_->context;
  current_->status = response.status;
  // The client may take its time to read the answer.
  std::string().swap(context.request.body);
  response.fields.push_back({std::string(request_id_name), context.request_id});
  const bool keeps_visitor = response.status < 300 || context.adopted;
  if (!context.new_visitor_cookie.empty() && keeps_visitor) {
    response.fields.push_back(keep_visitor(context.new_visitor_cookie, context.https));
  }
  if (!context.renewed_session.empty() && is_private(response)) {
    response.fields.push_back(keep_session(context.renewed_session, context.https));
  }
  add_base_path(response, context.base_path);
  const std::string_view reason = find_field(response.fields, reason_name);
  if (current_->upload && !reason.empty()) server_.services.metrics.count_refused(reason);
  if (turned_away_) response.close = true;
  session_.respond(std::move(response));
}

Response HttpConnection::anonymous_error(const Problem& problem) const {
  return anonymous_error_response(server_.services, current_->context, problem);
}

Response HttpConnection::fail(const Problem& problem, std::string_view what) const {
  log_line(spdlog::level::err, peer_ + ": the request failed: " + std::string(what));
  return anonymous_error(problem);
}

void HttpConnection::begin_request() {
  if (!current_) {
    current_.emplace(make_current_request(server_, session_.head(), peer_, peer_address_));
  }
  current_->context.now = Clock::now();
  current_->context.stopping = server_.stopping;
}

void HttpConnection::log_line(spdlog::level::level_enum level, const std::string& line) const {
  const std::string_view id = current_ ? std::string_view(current_->context.request_id) : "";
  const io::LogField fields[] = {{io::request_id_field, id}};
  io::log(level, line, fields);
}

}  // namespace samoyed::web
