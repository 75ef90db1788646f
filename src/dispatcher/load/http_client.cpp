#include "dispatcher/load/http_client.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <span>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "dispatcher/load/resolve.hpp"
#include "dispatcher/load/socket.hpp"

namespace samoyed::load {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view boundary = "samoyed-bench-5d2f9a7c41e860b3";
constexpr unsigned status_recognized = 200;
constexpr unsigned status_accepted = 202;
/// The maximum size of an answer's body. A page that shows the image again is under 6 MB.
constexpr std::uint64_t answer_bytes_max = std::uint64_t{64} << 20;
constexpr std::size_t dropped_bytes_at_a_time = 65536;

class HttpClient final : public Client {
 public:
  /// All references must outlive the client. `dropped` is never read, so all clients may share it.
  HttpClient(const asio::any_io_executor& executor, std::vector<asio::ip::tcp::endpoint>& endpoints,
             const std::vector<std::string>& requests, std::span<char> dropped)
      : socket_(executor), endpoints_(endpoints), requests_(requests), dropped_(dropped) {}

  asio::awaitable<Ending> send(std::size_t image, Clock::time_point deadline) override {
    socket_.begin(deadline);
    const bool kept = socket_.is_open();
    Ending ending = co_await try_once(requests_[image]);
    // The server may close an idle connection at any time; that says nothing about the image.
    if (kept && ending.kind == Ending::Kind::failed && nothing_answered_ &&
        Clock::now() < deadline) {
      ending = co_await try_once(requests_[image]);
    }
    socket_.end();
    co_return ending;
  }

  void watch(Clock::time_point now) override { socket_.watch(now); }

 private:
  asio::awaitable<Ending> try_once(std::string_view request) {
    nothing_answered_ = true;
    std::error_code error;
    if (!socket_.is_open()) error = co_await socket_.connect(endpoints_);
    std::string why;
    if (error) {
      why = error.message();
    } else {
      // A server that refuses an upload early may close the connection, but by then its answer has
      // arrived.
      error = co_await socket_.write(request);
      why = co_await read_answer();
      if (!why.empty() && error) why = error.message();
    }
    if (!why.empty()) {
      socket_.close();
      co_return Ending{.kind = Ending::Kind::failed, .why = std::move(why)};
    }
    if (error || unread_bytes_ > 0 || !parser_->keep_alive()) socket_.close();
    co_return ending();
  }

  /// Reads one complete answer into `parser_`. Returns the error, or an empty string.
  asio::awaitable<std::string> read_answer() {
    parser_.emplace();
    parser_->eager(true);
    parser_->body_limit(answer_bytes_max);
    unread_bytes_ = 0;
    while (!parser_->is_done()) {
      std::error_code error;
      const std::size_t size =
          co_await socket_.read(std::span(buffer_).subspan(unread_bytes_), error);
      boost::system::error_code parse_error;
      if (error == asio::error::eof) {
        if (!nothing_answered_) parser_->put_eof(parse_error);
        if (nothing_answered_ || parse_error) co_return "the connection was closed";
        break;
      }
      if (error) co_return error.message();
      nothing_answered_ = false;
      unread_bytes_ += size;
      parse(parse_error);
      if (parse_error) co_return parse_error.message();
    }
    co_return std::string();
  }

  /// Feeds the unread bytes to the parser, and discards the body.
  void parse(boost::system::error_code& error) {
    std::string_view bytes(buffer_.data(), unread_bytes_);
    do {
      auto& body = parser_->get().body();
      body.data = dropped_.data();
      body.size = dropped_.size();
      body.more = true;
      error = {};
      const std::size_t taken =
          parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
      bytes.remove_prefix(taken);
    } while (!bytes.empty() && !parser_->is_done() &&
             (!error || error == http::error::need_buffer));
    if (error == http::error::need_buffer || error == http::error::need_more) error = {};
    // An incomplete header stays in the buffer. It can't fill the buffer, because the parser
    // rejects much shorter headers.
    std::memmove(buffer_.data(), bytes.data(), bytes.size());
    unread_bytes_ = bytes.size();
  }

  Ending ending() const {
    const auto& answer = parser_->get();
    const unsigned status = answer.result_int();
    if (status == status_recognized || status == status_accepted) return {};
    const auto reason = answer.find("Samoyed-Reason");
    std::string why = std::to_string(status);
    if (reason == answer.end()) return {.kind = Ending::Kind::failed, .why = "status " + why};
    why += ' ';
    why.append(reason->value().data(), reason->value().size());
    return {.kind = Ending::Kind::refused, .why = std::move(why)};
  }

  Socket socket_;
  std::vector<asio::ip::tcp::endpoint>& endpoints_;
  const std::vector<std::string>& requests_;
  std::optional<http::response_parser<http::buffer_body>> parser_;
  std::array<char, 32768> buffer_;
  std::size_t unread_bytes_ = 0;
  std::span<char> dropped_;
  bool nothing_answered_ = true;  ///< In this attempt.
};

/// Quotes a file name for a form's header. Replaces quotes and line breaks, which would end it.
std::string quoted(std::string name) {
  for (char& c : name) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ') c = '_';
  }
  return '"' + name + '"';
}

}  // namespace

std::string upload_request(const HttpUrl& url, std::span<const Upload> uploads, bool keep_alive) {
  const std::string delimiter = "--" + std::string(boundary);
  std::string form;
  for (const Upload& upload : uploads) {
    form += delimiter + "\r\nContent-Disposition: form-data; name=\"file\"; filename=" +
            quoted(upload.file_name) + "\r\nContent-Type: application/octet-stream\r\n\r\n";
    form.append(reinterpret_cast<const char*>(upload.file.data()), upload.file.size());
    form += "\r\n";
  }
  form += delimiter + "--\r\n";
  return "POST " + url.path + " HTTP/1.1\r\nHost: " + to_string(url.address) +
         "\r\nContent-Type: multipart/form-data; boundary=" + std::string(boundary) +
         "\r\nContent-Length: " + std::to_string(form.size()) +
         (keep_alive ? "" : "\r\nConnection: close") + "\r\n\r\n" + form;
}

HttpTarget::HttpTarget(const asio::any_io_executor& executor, HttpUrl url,
                       const std::vector<Upload>& uploads, Settings settings)
    : url_(std::move(url)),
      endpoints_(resolve(executor, url_.address)),
      dropped_(dropped_bytes_at_a_time) {
  for (std::size_t first = 0; first < uploads.size(); ++first) {
    std::vector<Upload> form;
    for (int count = 0; count < settings.images_per_request; ++count) {
      form.push_back(uploads[(first + static_cast<std::size_t>(count)) % uploads.size()]);
    }
    requests_.push_back(upload_request(url_, form, !settings.fresh_connections));
  }
}

std::unique_ptr<Client> HttpTarget::make_client(const asio::any_io_executor& executor) {
  return std::make_unique<HttpClient>(executor, endpoints_, requests_, dropped_);
}

std::string HttpTarget::name() const { return "http://" + to_string(url_.address) + url_.path; }

}  // namespace samoyed::load
