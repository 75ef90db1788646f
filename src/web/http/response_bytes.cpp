#include "web/http/response_bytes.hpp"

#include <cassert>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/status.hpp>

namespace samoyed::web {

namespace http = boost::beast::http;

namespace {

/// Fields that limit what a browser may do with a response.
constexpr std::pair<std::string_view, std::string_view> security_fields[] = {
    {"Content-Security-Policy", content_security_policy},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"}};

template <typename Buffers>
void append(std::string& bytes, const Buffers& buffers) {
  for (const boost::asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
    bytes.append(static_cast<const char*>(buffer.data()), buffer.size());
  }
}

std::string two_digits(unsigned number) {
  return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

}  // namespace

std::string header_bytes(const Response& response, int request_version, bool keep_alive,
                         std::chrono::system_clock::time_point now) {
  http::response<http::empty_body> message(static_cast<http::status>(response.status), 11);
  for (const Field& field : response.fields) message.insert(field.name, field.value);
  for (const auto& [name, value] : security_fields) {
    message.insert(boost::string_view(name.data(), name.size()),
                   boost::string_view(value.data(), value.size()));
  }
  message.set(http::field::date, http_date(now));
  if (!keep_alive) message.set(http::field::connection, "close");
  if (keep_alive && request_version < 11) message.set(http::field::connection, "keep-alive");
  // RFC 9110, section 8.6: a 204 has no Content-Length. That of a 304 would be the length of the
  // body that it doesn't send, so it is left out.
  if (response.stream) {
    message.chunked(request_version >= 11);
  } else if (response.status != 304 && response.status != 204) {
    message.content_length(response.body.size());
  }

  http::response_serializer<http::empty_body> serializer(message);
  std::string bytes;
  // Otherwise, it would end a chunked body at once.
  serializer.split(true);
  while (!serializer.is_header_done()) {
    boost::beast::error_code error;
    std::size_t written = 0;
    serializer.next(error, [&](boost::beast::error_code&, const auto& buffers) {
      for (const boost::asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
        bytes.append(static_cast<const char*>(buffer.data()), buffer.size());
        written += buffer.size();
      }
    });
    assert(!error);
    serializer.consume(written);
  }
  return bytes;
}

std::string chunk_bytes(std::string_view piece) {
  std::string bytes;
  append(bytes, http::make_chunk(boost::asio::const_buffer(piece.data(), piece.size())));
  return bytes;
}

std::string last_chunk_bytes() {
  std::string bytes;
  append(bytes, http::make_chunk_last());
  return bytes;
}

std::string http_date(std::chrono::system_clock::time_point time) {
  constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::string text(days[std::chrono::weekday(day).c_encoding()]);
  text += ", " + two_digits(static_cast<unsigned>(date.day())) + " ";
  text += months[static_cast<unsigned>(date.month()) - 1];
  text += " " + std::to_string(static_cast<int>(date.year())) + " ";
  text += two_digits(static_cast<unsigned>(clock.hours().count())) + ":";
  text += two_digits(static_cast<unsigned>(clock.minutes().count())) + ":";
  text += two_digits(static_cast<unsigned>(clock.seconds().count())) + " GMT";
  return text;
}

}  // namespace samoyed::web
