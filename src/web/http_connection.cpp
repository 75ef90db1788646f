#include "web/http_connection.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include <asio/buffer.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/peer_name.hpp"
#include "samoyed/protocol/encoded_image.hpp"
#include "web/image_type.hpp"

namespace samoyed::web {
namespace {

/// Larger pictures are not shown again with their answer: the page would be a third larger still.
constexpr std::size_t preview_bytes_max = std::size_t{4} << 20;

constexpr std::size_t log_text_bytes_max = 200;

HttpSession::Now now() {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

HttpSession::Limits session_limits(const ServerLimits& limits) {
  return {limits.header_bytes_max, limits.image_bytes_max + limits.form_overhead_bytes_max};
}

/// The base64 text within the image message `D TEXT C`, so that the picture is encoded only once.
std::string_view base64_text(const protocol::EncodedImage& image) {
  return image.message().substr(2, image.text_length());
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, const Site& site)
    : socket_(std::move(socket)),
      site_(site),
      session_(session_limits(site.options.limits), site.options.timeouts),
      peer_(io::peer_name(socket_.socket())) {}

asio::awaitable<void> HttpConnection::run() {
  while (!cut_) {
    HttpSession::Action action = session_.next(now());
    if (const auto* to_read = std::get_if<HttpSession::Read>(&action)) {
      if (!co_await read(to_read->until)) co_return;
    } else if (const auto* to_write = std::get_if<HttpSession::Write>(&action)) {
      if (!co_await write(to_write->bytes, to_write->until)) co_return;
    } else if (const auto* to_consider = std::get_if<HttpSession::Consider>(&action)) {
      consider(*to_consider->head);
    } else if (auto* to_serve = std::get_if<HttpSession::Serve>(&action)) {
      note_begin();
      respond(co_await serve(to_serve->request));
    } else if (const auto* to_refuse = std::get_if<HttpSession::Refuse>(&action)) {
      note_begin();
      respond(site_.routes.refusal(to_refuse->problem));
    } else {
      if (std::get<HttpSession::Close>(action).linger) co_await linger();
      co_return;
    }
  }
}

void HttpConnection::stop() {
  session_.stop();
  // A read that waits for another request would wait in vain; every other goes on where it was.
  if (reading_) socket_.cancel();
}

void HttpConnection::cut() {
  cut_ = true;
  std::error_code ignored;  // It is lost in any case.
  socket_.socket().close(ignored);
}

asio::awaitable<bool> HttpConnection::read(Clock::time_point until) {
  std::error_code error;
  reading_ = true;
  const std::size_t size = co_await socket_.read_some(asio::buffer(received_), until, error);
  reading_ = false;
  if (cut_) co_return false;
  if (error == asio::error::eof) {
    session_.ended();
  } else if (error && error != protocol::Errc::timed_out &&
             error != asio::error::operation_aborted) {
    co_return false;
  }
  session_.received({received_.data(), size});
  co_return true;
}

asio::awaitable<bool> HttpConnection::write(const std::string& bytes, Clock::time_point until) {
  std::error_code error;
  co_await socket_.write(asio::buffer(bytes), until, error);
  if (error) spdlog::info("{} took no answer: {}", peer_, error.message());
  if (answered_ && !error) log_answer(bytes.size());
  co_return !error;
}

void HttpConnection::consider(const Request& head) {
  note_begin();
  if (auto response = site_.routes.consider(head)) {
    respond(std::move(*response));
  } else {
    session_.proceed();
  }
}

asio::awaitable<Response> HttpConnection::serve(Request& request) {
  auto routed = site_.routes.route(request);
  if (auto* response = std::get_if<Response>(&routed)) co_return std::move(*response);
  const Upload& upload = std::get<Upload>(routed);
  const auto file = std::as_bytes(std::span(upload.image));
  const auto image = std::make_shared<const protocol::EncodedImage>(file);
  UploadView view{upload.file_name, {}, {}};
  if (upload.image.size() <= preview_bytes_max) {
    view.preview_type = browser_image_type(upload.image);
    view.preview_base64 = base64_text(*image);
  }
  request.body = std::string();  // Long waits should not hold the picture twice.

  classifying_ = true;
  dispatcher::ClassifyRequest to_classify{.image = image};
  const dispatcher::Outcome outcome = co_await site_.classifier.classify(std::move(to_classify));
  classifying_ = false;
  co_return site_.routes.answer(view, outcome);
}

asio::awaitable<void> HttpConnection::linger() {
  std::error_code error;
  socket_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  const auto until = Clock::now() + site_.options.timeouts.linger;
  std::uint64_t dropped = 0;
  while (!error && !cut_ && dropped < site_.options.limits.linger_bytes_max) {
    dropped += co_await socket_.read_some(asio::buffer(received_), until, error);
  }
}

void HttpConnection::respond(Response response) {
  answered_ = Answered{response.status, session_.method(), session_.target()};
  session_.respond(std::move(response));
}

void HttpConnection::note_begin() {
  if (!begun_) begun_ = Clock::now();
}

void HttpConnection::log_answer(std::size_t bytes) {
  const std::chrono::duration<double, std::milli> elapsed = Clock::now() - *begun_;
  spdlog::info("{} {} {} -> {}, {} bytes, {:.1f} ms", peer_, log_text(answered_->method),
               log_text(answered_->target), answered_->status, bytes, elapsed.count());
  begun_.reset();
  answered_.reset();
}

std::string log_text(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  if (text.empty()) return "-";
  std::string safe;
  for (const char c : text.substr(0, log_text_bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool printable = byte > 0x20 && byte < 0x7f && c != '\\';
    if (printable) {
      safe += c;
    } else {
      safe += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
  }
  if (text.size() > log_text_bytes_max) safe += "...";
  return safe;
}

}  // namespace samoyed::web
