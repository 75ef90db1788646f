#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "web/http/http_driver.hpp"

namespace samoyed::web {
namespace {

using namespace std::string_view_literals;
using test::HttpDriver;

/// The bytes that a client sends before it shuts down its side, and the statuses that it gets.
struct ConformanceCase {
  std::string_view name;
  std::string_view begin;
  std::string_view rest;
  std::string_view statuses;

  std::string bytes() const { return std::string(begin) + std::string(rest); }
};

constexpr std::string_view none;
constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: x\r\n";
constexpr std::string_view post = "POST / HTTP/1.1\r\nHost: x\r\n";
constexpr std::string_view chunked =
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

// These are plain constants, because a table of std::strings takes minutes to compile with
// sanitizers.
constexpr ConformanceCase cases[] = {
    // RFC 9112, section 2.2: lines.
    {"one request", get, "\r\n", "200"},
    {"an empty line before the request line", none, "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "200"},
    {"two empty lines before the request line", none, "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
     "400"},
    {"bare LF everywhere", none, "GET / HTTP/1.1\nHost: x\n\n", "400"},
    {"bare LF after a field", get, "A: b\n\r\n", "400"},
    {"bare LF after the request line", none, "GET / HTTP/1.1\nHost: x\r\n\r\n", "400"},
    {"bare CR within a value", get, "A: b\rc\r\n\r\n", "400"},
    {"NUL within a value", get, "A: b\0c\r\n\r\n"sv, "400"},
    {"a TLS hello", none, "\x16\x03\x01\x02\0\x01\0\x01"sv, "400"},
    {"bare CR in the request line", none, "GET /\r HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"bare CR before a line end", get, "A: b\r\r\n\r\n", "400"},
    {"bare CR instead of a line end", none, "GET / HTTP/1.1\rHost: x\r\r", "400"},
    {"a tab in the request line", none, "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"NUL in the target", none, "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"sv, "400"},
    {"NUL in the method", none, "GE\0T / HTTP/1.1\r\nHost: x\r\n\r\n"sv, "400"},
    {"NUL in a name", get, "A\0: b\r\n\r\n"sv, "400"},
    {"DEL within a value", get, "A: \x7f\r\n\r\n", "400"},
    {"a vertical tab within a value", get, "A: b\x0b\r\n\r\n", "400"},
    {"zeros", none, "\0\0\0\0\0\0\0\0"sv, "400"},
    {"space before the first field", none, "GET / HTTP/1.1\r\n Host: x\r\n\r\n", "400"},
    // Section 3: the request line.
    {"no version", none, "GET /\r\nHost: x\r\n\r\n", "400"},
    {"two spaces", none, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"no target", none, "GET HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"a method that isn't a token", none, "G(T / HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"a space in the target", none, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"the absolute form", none, "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "200"},
    {"space before the method", none, " GET / HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"space after the version", none, "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", "400"},
    {"no method", none, " / HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    // Section 3.2.2: the target's host counts, but Host is still required.
    {"the absolute form for another host", none, "GET http://y:1/ HTTP/1.1\r\nHost: x\r\n\r\n",
     "200"},
    {"the absolute form without Host", none, "GET http://x/ HTTP/1.1\r\n\r\n", "400"},
    {"the absolute form without a host", none, "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"the absolute form with a user", none, "GET http://u@x/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"brackets in the target", none, "GET /add/[::1]:8888 HTTP/1.1\r\nHost: x\r\n\r\n", "200"},
    // Section 2.3: the version.
    {"HTTP/1.0", none, "GET / HTTP/1.0\r\n\r\n", "200"},
    {"HTTP/2.0", none, "GET / HTTP/2.0\r\nHost: x\r\n\r\n", "505"},
    {"HTTP/0.9 with a version", none, "GET / HTTP/0.9\r\nHost: x\r\n\r\n", "505"},
    {"HTTP/2's preface", none, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
    {"lower case", none, "GET / http/1.1\r\nHost: x\r\n\r\n", "400"},
    {"a longer number", none, "GET / HTTP/1.10\r\nHost: x\r\n\r\n", "400"},
    {"another protocol", none, "GET / RTSP/1.0\r\nHost: x\r\n\r\n", "400"},
    // Section 5: fields.
    {"space before the colon", get, "A : b\r\n\r\n", "400"},
    {"tab before the colon", get, "A\t: b\r\n\r\n", "400"},
    {"space before the colon of Content-Length", post, "Content-Length : 3\r\n\r\nabc", "400"},
    {"space before the colon of Transfer-Encoding", post,
     "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"},
    {"space within a name", get, "Content Length: 3\r\n\r\n", "400"},
    {"a name that isn't a token", get, "A(: b\r\n\r\n", "400"},
    {"bytes beyond ASCII in a name", get, "\xC3\xA9: b\r\n\r\n", "400"},
    {"an empty value", get, "A:\r\n\r\n", "200"},
    {"spaces and tabs around a value", get, "A: \t b \t\r\n\r\n", "200"},
    {"no colon", get, "A b\r\n\r\n", "400"},
    {"no name", get, ": b\r\n\r\n", "400"},
    {"a folded line", get, "A: b\r\n c\r\n\r\n", "400"},
    {"a folded Transfer-Encoding", post, "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "400"},
    {"a folded Host", none, "GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", "400"},
    {"a folded empty line", get, " \r\n\r\n", "400"},
    {"a line folded by a tab", get, "A: b\r\n\tc\r\n\r\n", "400"},
    {"bytes beyond ASCII in a value", get, "A: \xC3\xA9\xFF\r\n\r\n", "200"},
    // Section 3.2: Host.
    {"no Host", none, "GET / HTTP/1.1\r\n\r\n", "400"},
    {"two Hosts", get, "Host: y\r\n\r\n", "400"},
    {"the same Host twice", get, "hOST: x\r\n\r\n", "400"},
    {"an empty Host", none, "GET / HTTP/1.1\r\nHost:\r\n\r\n", "200"},
    {"a Host with a path", none, "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", "400"},
    {"two Hosts that aren't adjacent", none, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nHost: y\r\n\r\n",
     "400"},
    {"an empty Host after a good one", get, "Host:\r\n\r\n", "400"},
    {"a Host with a space", none, "GET / HTTP/1.1\r\nHost: x y\r\n\r\n", "400"},
    {"a Host with a question mark", none, "GET / HTTP/1.1\r\nHost: x?y\r\n\r\n", "400"},
    {"a Host with markup", none, "GET / HTTP/1.1\r\nHost: <b>\r\n\r\n", "400"},
    {"a Host beyond ASCII", none, "GET / HTTP/1.1\r\nHost: \xC3\xA9\r\n\r\n", "400"},
    {"two names in one Host", none, "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", "400"},
    {"a Host with a user", none, "GET / HTTP/1.1\r\nHost: u@x\r\n\r\n", "400"},
    {"an IPv6 Host", none, "GET / HTTP/1.1\r\nHost: [::1]:9999\r\n\r\n", "200"},
    {"two Hosts on 1.0", none, "GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", "400"},
    // Section 6: the body's length.
    {"Content-Length", post, "Content-Length: 3\r\n\r\nabc", "200"},
    {"no length", post, "\r\n", "200"},
    {"a body cut short", post, "Content-Length: 4\r\n\r\nabc", "400"},
    {"the same Content-Length twice", post, "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
     "400"},
    {"two different Content-Lengths", post, "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
     "400"},
    {"a list of equal lengths", post, "Content-Length: 3, 3\r\n\r\nabc", "400"},
    {"a list of different lengths", post, "Content-Length: 3, 4\r\n\r\nabc", "400"},
    {"Content-Length twice, one with a leading zero", post,
     "Content-Length: 3\r\nContent-Length: 03\r\n\r\nabc", "400"},
    {"Content-Length twice, one of them 0", post,
     "Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc", "400"},
    {"Content-Length twice, in different case", post,
     "Content-Length: 3\r\ncontent-length: 4\r\n\r\nabc", "400"},
    {"a length with a space in it", post, "Content-Length: 1 0\r\n\r\nabcdefghij", "400"},
    {"a length with a unit", post, "Content-Length: 3b\r\n\r\nabc", "400"},
    {"a length with a point", post, "Content-Length: 3.0\r\n\r\nabc", "400"},
    {"a length with a comma", post, "Content-Length: 3,\r\n\r\nabc", "400"},
    {"a length in quotation marks", post, "Content-Length: \"3\"\r\n\r\nabc", "400"},
    {"a negative length", post, "Content-Length: -1\r\n\r\n", "400"},
    {"a length with a sign", post, "Content-Length: +3\r\n\r\nabc", "400"},
    {"a hexadecimal length", post, "Content-Length: 0x3\r\n\r\nabc", "400"},
    {"an empty length", post, "Content-Length: \r\n\r\n", "400"},
    {"a length beyond 64 bits", post, "Content-Length: 18446744073709551616\r\n\r\n", "400"},
    {"the largest length", post, "Content-Length: 18446744073709551615\r\n\r\n", "413"},
    {"a length over the limit", post, "Content-Length: 1001\r\n\r\n", "413"},
    {"a GET with a body", get,
     "Content-Length: 3\r\n\r\nabc"
     "GET / HTTP/1.1\r\nHost: x\r\n"
     "\r\n",
     "200 200"},
    // Sections 6.1 and 7: Transfer-Encoding.
    {"chunked", chunked, "3\r\nabc\r\n0\r\n\r\n", "200"},
    {"CHUNKED", post, "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", "200"},
    {"gzip", post, "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", "400"},
    {"identity", post, "Transfer-Encoding: identity\r\n\r\n", "400"},
    {"gzip, chunked", post, "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400"},
    {"chunked, chunked", post, "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400"},
    {"chunked, gzip", post, "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400"},
    {"chunked with a parameter", post, "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", "400"},
    {"xchunked", post, "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400"},
    {"a vertical tab before chunked", post,
     "Transfer-Encoding: \x0b"
     "chunked\r\n\r\n",
     "400"},
    {"a tab before chunked", post, "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", "200"},
    {"chunked with a comma", post, "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", "400"},
    {"a comma before chunked", post, "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", "400"},
    {"chunked in quotation marks", post, "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "400"},
    {"identity, chunked", post, "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", "400"},
    {"chunked and gzip in separate fields", post,
     "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", "400"},
    {"NUL after chunked", post, "Transfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n"sv, "400"},
    {"an empty Transfer-Encoding", post, "Transfer-Encoding:\r\n\r\n", "400"},
    {"two Transfer-Encodings", post,
     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
    {"identity and chunked in separate fields", post,
     "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
    {"Content-Length, then chunked", post,
     "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
    {"chunked, then Content-Length", post,
     "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400"},
    {"Content-Length and gzip", post, "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\nabcde",
     "400"},
    {"chunked on HTTP/1.0", none, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "400"},
    // Section 7.1: chunks.
    {"an extension", chunked, "3;a=b;c=\"d\"\r\nabc\r\n0\r\n\r\n", "200"},
    {"leading zeros", chunked, "0003\r\nabc\r\n000\r\n\r\n", "200"},
    {"hexadecimal sizes in lower and upper case", chunked,
     "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "200"},
    {"an extension without a value", chunked, "3;a\r\nabc\r\n0;b\r\n\r\n", "200"},
    {"an extension without a name", chunked, "3;\r\nabc\r\n0\r\n\r\n", "400"},
    {"an extension with only a value", chunked, "3;=a\r\nabc\r\n0\r\n\r\n", "400"},
    {"an extension without a semicolon", chunked, "3 a\r\nabc\r\n0\r\n\r\n", "400"},
    {"bare LF in an extension", chunked, "3;a\nb\r\nabc\r\n0\r\n\r\n", "400"},
    {"bare LF ends an extension", chunked, "3;a\nabc\r\n0\r\n\r\n", "400"},
    {"bare CR in an extension", chunked, "3;a\rb\r\nabc\r\n0\r\n\r\n", "400"},
    {"NUL in an extension", chunked, "3;a\0b\r\nabc\r\n0\r\n\r\n"sv, "400"},
    {"bare LF in an extension's quotation marks", chunked, "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", "400"},
    {"bare CR in an extension's quotation marks", chunked, "3;a=\"\r\"\r\nabc\r\n0\r\n\r\n", "400"},
    {"NUL in an extension's quotation marks", chunked, "3;a=\"\0\"\r\nabc\r\n0\r\n\r\n"sv, "400"},
    {"a line end in an extension's quotation marks", chunked, "3;a=\"\r\n\"\r\nabc\r\n0\r\n\r\n",
     "400"},
    {"bare LF in the last chunk's extension", chunked, "0;a=\"\n\"\r\n\r\n", "400"},
    {"an unclosed quotation mark", chunked, "3;a=\"b\r\nabc\r\n0\r\n\r\n", "400"},
    {"a space before a size", chunked, " 3\r\nabc\r\n0\r\n\r\n", "400"},
    {"a size with a plus sign", chunked, "+3\r\nabc\r\n0\r\n\r\n", "400"},
    {"a size with an underscore", chunked, "0_3\r\nabc\r\n0\r\n\r\n", "400"},
    {"a size beyond 64 bits by leading digits", chunked, "f0000000000000003\r\nabc\r\n0\r\n\r\n",
     "400"},
    {"bare CR after a size", chunked, "3\rabc\r\n0\r\n\r\n", "400"},
    {"bare CR after a chunk", chunked, "3\r\nabc\r0\r\n\r\n", "400"},
    {"two bytes other than CRLF after a chunk", chunked, "3\r\nabcXX0\r\n\r\n", "400"},
    {"bare LF after the last chunk", chunked, "0\n\n", "400"},
    {"bare LF at the end", chunked, "0\r\n\n", "400"},
    {"bare LF after a trailer", chunked, "0\r\nA: b\n\r\n", "400"},
    {"bare CR in a trailer", chunked, "0\r\nA: b\rc\r\n\r\n", "400"},
    {"NUL in a trailer", chunked, "0\r\nA: b\0c\r\n\r\n"sv, "400"},
    {"space before a trailer's colon", chunked, "0\r\nA : b\r\n\r\n", "400"},
    {"a folded trailer", chunked, "0\r\nA: b\r\n c\r\n\r\n", "400"},
    {"a trailer without a colon", chunked, "0\r\nA\r\n\r\n", "400"},
    {"Content-Length as a trailer", chunked,
     "0\r\nContent-Length: 30\r\n\r\n"
     "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
     "400"},
    {"Transfer-Encoding as a trailer", chunked,
     "0\r\nTransfer-Encoding: chunked\r\n\r\n"
     "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
     "400"},
    {"trailers", chunked, "0\r\nA: b\r\nHost: y\r\n\r\n", "200"},
    {"a size that isn't a number", chunked, "g\r\nabc\r\n0\r\n\r\n", "400"},
    {"an empty size", chunked, "\r\nabc\r\n0\r\n\r\n", "400"},
    {"a negative size", chunked, "-3\r\nabc\r\n0\r\n\r\n", "400"},
    {"a size with 0x", chunked, "0x3\r\nabc\r\n0\r\n\r\n", "400"},
    {"a size beyond 64 bits", chunked, "10000000000000003\r\nabc\r\n0\r\n\r\n", "400"},
    {"a size over the limit", chunked, "3e9\r\n", "413"},
    {"sizes over the limit together", chunked, "2\r\nab\r\n3e7\r\n", "413"},
    {"a chunk longer than its size", chunked, "3\r\nabcd\r\n0\r\n\r\n", "400"},
    {"a chunk shorter than its size", chunked, "4\r\nabc\r\n0\r\n\r\n", "400"},
    {"bare LF after a size", chunked, "3\nabc\r\n0\r\n\r\n", "400"},
    {"bare LF after a chunk", chunked, "3\r\nabc\n0\r\n\r\n", "400"},
    {"no last chunk", chunked, "3\r\nabc\r\n", "400"},
    // RFC 9110, section 10.1.1: Expect.
    {"another expectation", post, "Expect: tea\r\nContent-Length: 3\r\n\r\nabc", "417"},
    {"an expectation on HTTP/1.0", none, "GET / HTTP/1.0\r\nExpect: tea\r\n\r\n", "200"},
    // Section 9: what follows a request.
    {"two pipelined", get,
     "\r\n"
     "GET / HTTP/1.1\r\nHost: x\r\n"
     "\r\n",
     "200 200"},
    {"Connection: close", get,
     "Connection: close\r\n\r\n"
     "GET / HTTP/1.1\r\nHost: x\r\n"
     "\r\n",
     "200"},
    {"HTTP/1.0 closes", none,
     "GET / HTTP/1.0\r\n\r\n"
     "GET / HTTP/1.1\r\nHost: x\r\n"
     "\r\n",
     "200"},
    {"HTTP/1.0 with keep-alive", none,
     "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
     "GET / HTTP/1.1\r\nHost: x\r\n"
     "\r\n",
     "200 200"},
    {"nothing is read after a bad request", none,
     "GET / HTTP/1.1\r\n\r\n"
     "GET / HTTP/1.1\r\nHost: x\r\n"
     "\r\n",
     "400"},
    {"the second is bad", get,
     "\r\n"
     "GET / HTTP/1.1\r\n\r\n",
     "200 400"},
};

std::string statuses_text(const HttpDriver& driver) {
  std::string text;
  for (const int status : driver.statuses)
    text += (text.empty() ? "" : " ") + std::to_string(status);
  return text;
}

/// Checks the statuses for `bytes` sent as a whole, split in two at every position, and byte by
/// byte.
void check_statuses(const std::string& bytes, std::string_view statuses) {
  HttpDriver whole;
  whole.receive(bytes);
  whole.end();
  CHECK(statuses_text(whole) == statuses);
  CHECK(whole.closed);

  bool alike = true;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    HttpDriver split;
    split.receive(bytes.substr(0, cut));
    split.receive(bytes.substr(cut));
    split.end();
    alike = alike && split.output == whole.output && split.lingered == whole.lingered;
  }
  CHECK(alike);
  HttpDriver trickle;
  for (const char c : bytes) trickle.receive({&c, 1});
  trickle.end();
  CHECK(trickle.output == whole.output);
}

TEST_CASE("requests get the statuses of RFC 9112, however they are split") {
  for (const ConformanceCase& one : cases) {
    INFO(one.name);
    check_statuses(one.bytes(), one.statuses);
  }
}

TEST_CASE("requests over a limit are rejected, however they are split") {
  const std::string many(600, 'a');
  SECTION("a header at its limit") {
    const auto header_of = [](std::size_t bytes) {
      const std::string begin = std::string(get) + "A: ";
      return begin + std::string(bytes - begin.size() - 4, 'a') + "\r\n\r\n";
    };
    check_statuses(header_of(HttpDriver::limits.header_bytes_max), "200");
    check_statuses(header_of(HttpDriver::limits.header_bytes_max + 1), "431");
  }
  SECTION("a header's size") {
    check_statuses(std::string(get) + "A: " + many + "\r\n\r\n", "431");
  }
  SECTION("a target's size") { check_statuses("GET /" + many, "431"); }
  SECTION("a chunk's line") { check_statuses(std::string(chunked) + "3;" + many, "431"); }
  SECTION("trailers") {
    check_statuses(std::string(chunked) + "0\r\nA: " + many + "\r\n\r\n", "431");
  }
  SECTION("a body at its limit") {
    const std::string body(HttpDriver::limits.body_bytes_max, 'a');
    check_statuses(std::string(post) + "Content-Length: 1000\r\n\r\n" + body, "200");
    check_statuses(std::string(chunked) + "3e8\r\n" + body + "\r\n0\r\n\r\n", "200");
  }
}

TEST_CASE("an error in the framing ends the connection, which lingers") {
  for (const ConformanceCase& one : cases) {
    if (one.statuses.ends_with("200")) continue;
    INFO(one.name);
    HttpDriver driver;
    driver.receive(one.bytes());
    driver.end();
    CHECK(driver.lingered);
    CHECK(test::count_of(driver.output, "Connection: close\r\n") == 1);
  }
}

TEST_CASE("a trailer is not a header field") {
  HttpDriver driver;
  driver.receive(std::string(chunked) + "3\r\nabc\r\n0\r\nCookie: a\r\n\r\n");
  REQUIRE(driver.requests.size() == 1);
  CHECK(driver.requests[0].body == "abc");
  CHECK(count_fields(driver.requests[0].fields, "Cookie") == 0);
}

}  // namespace
}  // namespace samoyed::web
