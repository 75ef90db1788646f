#include "worker/serving/scrape_answer.hpp"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace samoyed::worker {
namespace {

namespace http = boost::beast::http;

std::string response(const std::string& status, const std::string& fields,
                     const std::string& body) {
  return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

std::string refusal(const std::string& status, const std::string& sentence,
                    const std::string& fields = {}) {
  return response(status, "Content-Type: text/plain; charset=utf-8\r\n" + fields, sentence + "\n");
}

}  // namespace

std::optional<std::string> answer_scrape(std::string_view received,
                                         const std::function<std::string()>& metrics) {
  constexpr std::string_view header_end = "\r\n\r\n";
  const std::size_t end = received.find(header_end);
  const std::size_t length = end == received.npos ? received.size() : end + header_end.size();
  if (length > scrape_header_bytes_max) {
    return refusal("431 Request Header Fields Too Large", "The request header is too large.");
  }
  http::request_parser<http::empty_body> parser;
  parser.header_limit(2 * scrape_header_bytes_max);  // The exact limit is checked above.
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(received.data(), length), error);
  if (error == http::error::need_more) return std::nullopt;
  if (error || !parser.is_header_done()) {
    return refusal("400 Bad Request", "The request isn't valid HTTP/1.");
  }
  const auto& request = parser.get();
  const std::string_view target(request.target().data(), request.target().size());
  if (target.substr(0, target.find('?')) != "/metrics") {
    return refusal("404 Not Found", "Not found. The metrics are at /metrics.");
  }
  if (request.method() != http::verb::get) {
    return refusal("405 Method Not Allowed", "/metrics supports GET only.", "Allow: GET\r\n");
  }
  return response("200 OK", "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
                  metrics());
}

}  // namespace samoyed::worker
