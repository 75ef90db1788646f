#include "web/http/http_session.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "web/http/http_driver.hpp"
#include "web/http/response_bytes.hpp"

namespace samoyed::web {
namespace {

using namespace std::chrono_literals;
using test::count_of;
using test::HttpDriver;

const std::string get_a = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
/// The fields that every response carries in addition to its own.
const std::string security_fields =
    "Content-Security-Policy: " + std::string(content_security_policy) +
    "\r\nX-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";
const std::string post_head = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n";

TEST_CASE("a response has Date and Content-Length") {
  HttpDriver driver;
  driver.now.wall = std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 37s;
  driver.receive(get_a);
  CHECK(driver.output == "HTTP/1.1 200 OK\r\n" + security_fields +
                             "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 7\r\n\r\n"
                             "GET /a ");
  CHECK(!driver.closed);
}

TEST_CASE("several requests on one connection get the same answers at every split point") {
  const std::string bytes = get_a + post_head + "\r\nhello" +
                            "HEAD /c HTTP/1.1\r\nHost: x\r\n\r\n" + post_head +
                            "Expect: 100-continue\r\n\r\nagain" +
                            "POST /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "3;x=y\r\nchu\r\n3\r\nnks\r\n0\r\nT: t\r\n\r\n" +
                            get_a;
  HttpDriver whole;
  whole.receive(bytes);
  REQUIRE(whole.requests.size() == 6);
  CHECK(whole.requests[1].body == "hello");
  CHECK(whole.requests[3].body == "again");
  CHECK(whole.requests[4].body == "chunks");
  CHECK(!whole.closed);

  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    HttpDriver split;
    split.receive(bytes.substr(0, first));
    split.receive(bytes.substr(first));
    INFO("split at " << first);
    REQUIRE(split.output == whole.output);
  }
}

TEST_CASE("pipelined requests are answered in order and one at a time") {
  HttpDriver driver;
  driver.session.received(get_a + "GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
  auto action = driver.session.next(driver.now);
  REQUIRE(std::holds_alternative<HttpSession::Serve>(action));
  CHECK(std::get<HttpSession::Serve>(action).request.target == "/a");
  driver.session.respond({200, {}, "first"});
  driver.step();
  REQUIRE(driver.requests.size() == 1);
  CHECK(driver.requests[0].target == "/second");
  CHECK(driver.output.find("first") < driver.output.find("/second"));
}

TEST_CASE("the response to HEAD has the fields of GET and no body") {
  HttpDriver driver;
  driver.receive("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(driver.output.ends_with("Content-Length: 8\r\n\r\n"));
}

TEST_CASE("100 Continue is sent once, before the body") {
  HttpDriver driver;
  driver.receive(post_head + "Expect: 100-Continue\r\n\r\n");
  CHECK(driver.output == "HTTP/1.1 100 Continue\r\n\r\n");
  driver.receive("hello");
  CHECK(driver.statuses == std::vector{200});
  CHECK(count_of(driver.output, "100 Continue") == 1);
}

TEST_CASE("100 Continue is not sent without a body, on HTTP/1.0, or for an unwanted body") {
  const std::string head =
      GENERATE(as<std::string>(), "GET /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
               "POST /a HTTP/1.0\r\nExpect: 100-continue\r\n"
               "Content-Length: 1\r\n\r\n",
               "POST /unwanted HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
               "Expect: 100-continue\r\n\r\n",
               "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n"
               "Expect: 100-continue\r\n\r\n");
  HttpDriver driver;
  driver.receive(head);
  CHECK(count_of(driver.output, "100 Continue") == 0);
}

TEST_CASE("an unwanted body is rejected before it arrives, and the connection lingers") {
  HttpDriver driver;
  driver.receive("POST /unwanted HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
  CHECK(driver.statuses == std::vector{404});
  CHECK(driver.closed);
  CHECK(driver.lingered);
}

TEST_CASE("413 is sent before the body arrives if Content-Length is too large") {
  HttpDriver driver;
  driver.receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  CHECK(driver.statuses == std::vector{413});
  CHECK(driver.lingered);
}

TEST_CASE("a header without a whole request line is rejected") {
  HttpDriver driver;
  driver.receive("POST /apigth: 18\r\n\r\n{\"address\": \"a:1\"}");
  CHECK(driver.statuses == std::vector{400});
  CHECK(driver.closed);
}

TEST_CASE("a small unwanted body is read and dropped, and the connection is kept") {
  HttpDriver driver;
  driver.receive("POST /unwanted HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n1234");
  CHECK(!driver.closed);
  driver.receive("5678" + get_a);
  CHECK(driver.statuses == std::vector{404, 200});
  CHECK(driver.requests.size() == 1);
  CHECK(!driver.closed);
  CHECK(count_of(driver.output, "Connection: close") == 0);
}

TEST_CASE("each unwanted body may be as large as the limit") {
  HttpDriver driver;
  const std::string unwanted =
      "POST /unwanted HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nhellos";
  driver.receive(unwanted + unwanted.substr(0, unwanted.size() - 1));
  driver.receive("s" + get_a);
  CHECK(driver.statuses == std::vector<int>{404, 404, 200});
  CHECK(!driver.closed);
}

TEST_CASE("what has arrived counts as held until it is answered") {
  HttpDriver driver;
  driver.receive(post_head);
  CHECK(driver.session.held_bytes() == post_head.size());
  driver.receive("\r\nhel");
  CHECK(driver.session.held_bytes() == 3);
  driver.receive("lo");
  CHECK(driver.session.held_bytes() == 0);
}

TEST_CASE("a chunked unwanted body is dropped up to a limit") {
  const std::string head = "POST /unwanted HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n";
  const auto answer = [&](const std::string& rest, std::size_t cut) {
    HttpDriver driver;
    const std::string bytes = head + rest;
    driver.receive(bytes.substr(0, cut));
    driver.receive(bytes.substr(cut));
    const std::string status = driver.output.substr(0, 12);
    return status + (driver.closed ? driver.lingered ? " lingers" : " closes" : " is kept");
  };
  const std::string error = "HTTP/1.1 400 lingers";
  for (std::size_t cut = 0; cut <= head.size() + 6; ++cut) {
    INFO(cut);
    CHECK(answer("\r\n1\r\na\r\n0\r\n\r\n", cut) == "HTTP/1.1 404 is kept");
    CHECK(answer("\r\n9\r\n123456789\r\n0\r\n\r\n", cut) == "HTTP/1.1 404 lingers");
    CHECK(answer("\r\nFFFFFFF\r\n1", cut) == "HTTP/1.1 404 lingers");
    // The framing counts too.
    CHECK(answer("\r\n1\r\na\r\n1\r\na\r\n1", cut) == "HTTP/1.1 404 lingers");
    CHECK(answer("Connection: close\r\n\r\n1\r\na\r\n0\r\n\r\n", cut) == "HTTP/1.1 404 closes");
    // An error in the framing takes the place of the rejection.
    CHECK(answer("\r\nnonsense\r\n", cut) == error);
    CHECK(answer("\r\n11111111111111111\r\n", cut) == error);
    CHECK(answer("\r\n1\r\nabc\r\n0\r\n\r\n", cut) == error);
    CHECK(answer("Connection: close\r\n\r\nnonsense\r\n", cut) == error);
  }
}

TEST_CASE("a small unwanted body is dropped before the answer also if the connection will close") {
  const std::string head =
      GENERATE(as<std::string>(), "POST /unwanted HTTP/1.1\r\nHost: x\r\nConnection: close\r\n",
               "POST /unwanted HTTP/1.0\r\nHost: x\r\n");
  HttpDriver driver;
  driver.receive(head + "Content-Length: 8\r\n\r\n1234567");
  CHECK(driver.output.empty());
  driver.receive("8");
  CHECK(driver.output.starts_with("HTTP/1.1 404 "));
  CHECK(driver.closed);
  CHECK_FALSE(driver.lingered);
}

TEST_CASE("a rejection that ends the connection by itself doesn't wait for the body") {
  HttpDriver driver;
  driver.session.received(post_head + "\r\nhel");
  REQUIRE(std::holds_alternative<HttpSession::Consider>(driver.session.next(driver.now)));
  driver.session.respond({429, {}, "too many", true});
  driver.step();
  CHECK(driver.output.starts_with("HTTP/1.1 429 "));
  CHECK(driver.closed);
  CHECK(driver.lingered);
}

TEST_CASE("if a small unwanted body stalls or ends, its rejection is sent") {
  HttpDriver driver;
  driver.receive("POST /unwanted HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n1234");
  CHECK(driver.output.empty());
  SECTION("it stalls") { driver.advance(driver.timeouts.body); }
  SECTION("it ends") { driver.end(); }
  CHECK(driver.statuses == std::vector{404});
  CHECK(driver.output.starts_with("HTTP/1.1 404 "));
  CHECK(count_of(driver.output, "Connection: close") == 1);
  CHECK(driver.closed);
  CHECK(driver.lingered);
}

TEST_CASE("a body over its limit that is small enough to drop is dropped before the answer") {
  HttpSession session({512, 10, 20, 1000, 0, 1000}, {});
  HttpSession::Now now{};
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ";
  const auto next_is_413 = [&] {
    const auto action = session.next(now);
    const auto* const refusal = std::get_if<HttpSession::Refuse>(&action);
    return refusal && refusal->problem.status() == 413;
  };
  SECTION("the limit is known before the body is read") {
    session.received(head + "20\r\n\r\n1234567890");
  }
  SECTION("the limit is set when the body is read") {
    session.received(head + "20\r\nContent-Type: multipart/form-data; boundary=a\r\n\r\n");
    REQUIRE(std::holds_alternative<HttpSession::Consider>(session.next(now)));
    session.proceed(10);
    session.received("1234567890");
  }
  REQUIRE(next_is_413());
  session.respond({413, {}, "large"});
  CHECK(std::holds_alternative<HttpSession::Read>(session.next(now)));
  CHECK(session.held_bytes() == 0);
  session.received("1234567890" + get_a);
  const auto answer = session.next(now);
  REQUIRE(std::holds_alternative<HttpSession::Write>(answer));
  CHECK(std::get<HttpSession::Write>(answer).header.starts_with("HTTP/1.1 413 "));
  CHECK(std::holds_alternative<HttpSession::Serve>(session.next(now)));
}

TEST_CASE("a client that waits for 100 Continue doesn't send a body over its limit") {
  HttpSession session({512, 10, 20, 1000, 0, 1000}, {});
  HttpSession::Now now{};
  const std::string head =
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\nExpect: 100-continue\r\n";
  SECTION("the limit is known before the body is read") { session.received(head + "\r\n"); }
  SECTION("the limit is set when the body is read") {
    session.received(head + "Content-Type: multipart/form-data; boundary=a\r\n\r\n");
    REQUIRE(std::holds_alternative<HttpSession::Consider>(session.next(now)));
    session.proceed(10);
  }
  REQUIRE(std::holds_alternative<HttpSession::Refuse>(session.next(now)));
  session.respond({413, {}, "large"});
  const auto answer = session.next(now);
  REQUIRE(std::holds_alternative<HttpSession::Write>(answer));
  CHECK(std::get<HttpSession::Write>(answer).header.starts_with("HTTP/1.1 413 "));
}

TEST_CASE("a request can be rejected while its body is being read") {
  HttpDriver driver;
  driver.receive(post_head + "\r\nhel");
  CHECK(driver.session.held_bytes() == 3);
  driver.session.respond({503, {}, "full"});
  driver.receive("lo");
  CHECK(driver.output.starts_with("HTTP/1.1 503 "));
  CHECK(count_of(driver.output, "Connection: close") == 1);
  CHECK(driver.closed);
  CHECK(driver.lingered);
}

TEST_CASE("a response can end the connection") {
  HttpDriver driver;
  driver.session.received(get_a + get_a);
  REQUIRE(std::holds_alternative<HttpSession::Serve>(driver.session.next(driver.now)));
  driver.session.respond({429, {}, "too many", true});
  driver.step();
  CHECK(count_of(driver.output, "HTTP/1.1 ") == 1);
  CHECK(count_of(driver.output, "Connection: close") == 1);
  CHECK(driver.closed);
  CHECK(driver.lingered);
}

TEST_CASE("a body of tiny chunks is parsed in linear time") {
  // Moving the rest of the buffer after every chunk would take hours.
  constexpr std::size_t chunks = 2'000'000;
  std::string body;
  for (std::size_t i = 0; i < chunks; ++i) body += "1\r\na\r\n";
  HttpSession session({512, chunks, 0}, {});
  const HttpSession::Now now{};
  session.received("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body +
                   "0\r\n\r\n");
  REQUIRE(std::holds_alternative<HttpSession::Consider>(session.next(now)));
  session.proceed();
  auto action = session.next(now);
  REQUIRE(std::holds_alternative<HttpSession::Serve>(action));
  CHECK(std::get<HttpSession::Serve>(action).request.body == std::string(chunks, 'a'));
}

TEST_CASE("an idle connection is closed without an answer") {
  HttpDriver driver;
  const bool after_a_request = GENERATE(false, true);
  if (after_a_request) driver.receive(get_a);
  driver.step();
  const std::string before = driver.output;
  const auto limit = after_a_request ? driver.timeouts.idle : driver.timeouts.first_byte;
  CHECK(driver.until == driver.now.steady + limit);
  driver.advance(limit - 1ms);
  CHECK(!driver.closed);
  driver.advance(1ms);
  CHECK(driver.closed);
  CHECK(!driver.lingered);
  CHECK(driver.output == before);
}

TEST_CASE("a slow header gets 408 after its total time, however often a byte arrives") {
  HttpDriver driver;
  driver.step();
  driver.advance(driver.timeouts.first_byte / 2);
  driver.receive("G");
  const auto deadline = driver.now.steady + driver.timeouts.header;
  CHECK(driver.until == deadline);
  driver.advance(driver.timeouts.header - 1ms);
  driver.receive("E");
  CHECK(driver.until == deadline);
  CHECK(driver.statuses.empty());
  driver.advance(1ms);
  CHECK(driver.statuses == std::vector{408});
  CHECK(driver.lingered);
}

TEST_CASE("a slow body gets 408") {
  HttpDriver driver({.body_grace = 1h});
  driver.receive(post_head + "\r\nhell");
  driver.advance(driver.timeouts.body - 1ms);
  CHECK(driver.statuses.empty());
  driver.advance(1ms);
  CHECK(driver.statuses == std::vector{408});
  CHECK(driver.closed);
}

TEST_CASE("each request gets its full time") {
  HttpDriver driver;
  for (int i = 0; i < 3; ++i) {
    driver.receive(get_a.substr(0, 5));
    driver.advance(driver.timeouts.header - 1ms);
    driver.receive(get_a.substr(5));
  }
  CHECK(driver.statuses == std::vector{200, 200, 200});
}

TEST_CASE("a client that has shut down its sending side still gets its answer") {
  HttpDriver driver;
  driver.session.ended();
  driver.receive(get_a);
  CHECK(driver.statuses == std::vector{200});
  CHECK(driver.closed);
}

TEST_CASE("after stop, an idle session closes and a busy one answers first") {
  HttpDriver idle;
  idle.session.stop();
  idle.step();
  CHECK(idle.closed);

  HttpDriver busy;
  busy.receive(post_head + "\r\nhel");
  busy.session.stop();
  busy.step();
  CHECK(!busy.closed);
  busy.receive("lo" + get_a);
  CHECK(busy.statuses == std::vector{200});
  CHECK(count_of(busy.output, "Connection: close\r\n") == 1);
  CHECK(busy.closed);
}

TEST_CASE("an HTTP/1.0 client is told that the connection is kept") {
  HttpDriver driver;
  driver.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(count_of(driver.output, "Connection: keep-alive\r\n") == 1);
  CHECK(!driver.closed);
}

TEST_CASE("204 has no Content-Length") {
  const std::string header = header_bytes({204, {}, {}}, 11, true, {});
  CHECK(header.find("Content-Length") == header.npos);
}

TEST_CASE("304 has no body and no Content-Length") {
  HttpDriver driver;
  driver.session.received(get_a);
  REQUIRE(std::holds_alternative<HttpSession::Serve>(driver.session.next(driver.now)));
  driver.session.respond({304, {{"ETag", "\"a\""}}, {}});
  driver.step();
  CHECK(driver.output == "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n" + security_fields +
                             "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
}

TEST_CASE("a request that is answered before it is complete holds no memory while it lingers") {
  const std::string head = "POST /a HTTP/1.1\r\nHost: x\r\n";
  const std::string framing = GENERATE(as<std::string>(), "Content-Length: 900\r\n\r\n",
                                       "Transfer-Encoding: chunked\r\n\r\n384\r\n");
  HttpDriver driver;
  driver.receive(head + framing + std::string(500, 'x'));
  CHECK(driver.session.held_bytes() == 500);
  SECTION("it was evicted") {
    driver.session.respond({503, {}, {}});
    CHECK(driver.session.held_bytes() == 0);
    driver.step();
  }
  SECTION("it was too slow") { driver.advance(std::chrono::hours(1)); }
  SECTION("it ended early") { driver.end(); }
  CHECK(driver.session.held_bytes() == 0);
  CHECK(driver.closed);
  CHECK(driver.lingered);
}

TEST_CASE("a connection that closes after its answer keeps no further requests") {
  HttpDriver driver;
  driver.receive("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + get_a);
  CHECK(driver.closed);
  CHECK(driver.session.held_bytes() == 0);
}

TEST_CASE("a body that is dropped isn't kept") {
  HttpDriver driver;
  driver.receive("POST /unwanted HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n1234");
  CHECK(driver.session.held_bytes() == 0);
}

}  // namespace
}  // namespace samoyed::web
