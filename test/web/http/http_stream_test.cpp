#include <catch2/catch.hpp>

#include "web/http/event_stream.hpp"
#include "web/http/http_session.hpp"

namespace samoyed::web {
namespace {

using namespace std::chrono_literals;

/// A session that answers one request with a stream.
struct StreamTest {
  StreamTest() { begin("GET / HTTP/1.1\r\nHost: x\r\n\r\n"); }

  void begin(const std::string& request, Response response = event_stream(nullptr)) {
    session.emplace(HttpSession::Limits{512, 1000, 8}, ServerTimeouts{});
    session->received(request);
    REQUIRE(std::holds_alternative<HttpSession::Serve>(session->next(now)));
    session->respond(std::move(response));
    head = written();
  }

  std::string written() {
    auto action = session->next(now);
    REQUIRE(std::holds_alternative<HttpSession::Write>(action));
    const auto& write = std::get<HttpSession::Write>(action);
    CHECK(write.until > now.steady);
    return write.header + write.body;
  }

  template <typename Action>
  bool next_is() {
    return std::holds_alternative<Action>(session->next(now));
  }

  HttpSession::Now now{};
  std::optional<HttpSession> session;
  std::string head;
};

TEST_CASE_METHOD(StreamTest, "a stream is sent piece by piece and ends the connection") {
  CHECK(head.find("\r\nTransfer-Encoding: chunked\r\n") != head.npos);
  CHECK(head.find("\r\n\r\n") == head.size() - 4);
  CHECK(head.find("Content-Length") == head.npos);
  CHECK(head.find("\r\nConnection: close\r\n") != head.npos);
  CHECK(next_is<HttpSession::NextPiece>());
  CHECK(next_is<HttpSession::NextPiece>());
  session->send(server_sent_event("job", "{}"));
  CHECK(written() == "15\r\nevent: job\ndata: {}\n\n\r\n");
  CHECK(next_is<HttpSession::NextPiece>());
  session->send("");
  CHECK(next_is<HttpSession::NextPiece>());
  session->end_stream();
  CHECK(written() == "0\r\n\r\n");
  CHECK(next_is<HttpSession::Close>());
}

TEST_CASE_METHOD(StreamTest, "after stop, a finite stream continues to its end") {
  Response document;
  document.stream = true;
  begin("GET / HTTP/1.1\r\nHost: x\r\n\r\n", std::move(document));
  session->send("a");
  session->stop();
  CHECK(written() == "1\r\na\r\n");
  CHECK(next_is<HttpSession::NextPiece>());
  session->send("b");
  CHECK(written() == "1\r\nb\r\n");
  session->end_stream();
  CHECK(written() == "0\r\n\r\n");
  CHECK(next_is<HttpSession::Close>());
}

TEST_CASE_METHOD(StreamTest, "after stop, an endless stream ends after what it has to send") {
  session->send("a");
  session->stop();
  CHECK(written() == "1\r\na\r\nd\r\nretry: 2000\n\n\r\n0\r\n\r\n");
  CHECK(next_is<HttpSession::Close>());
}

TEST_CASE_METHOD(StreamTest, "a stream that is over doesn't ask its client to come back") {
  session->end_stream();
  session->stop();
  CHECK(written() == "0\r\n\r\n");
}

TEST_CASE_METHOD(StreamTest, "an aborted stream lacks its last chunk") {
  session->cut_stream();
  CHECK(next_is<HttpSession::Close>());
}

TEST_CASE_METHOD(StreamTest, "for HTTP/1.0, a stream ends with the connection") {
  begin("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(head.find("Transfer-Encoding") == head.npos);
  CHECK(head.find("\r\nConnection: close\r\n") != head.npos);
  session->send("abc");
  CHECK(written() == "abc");
  session->end_stream();
  CHECK(next_is<HttpSession::Close>());
}

TEST_CASE_METHOD(StreamTest, "HEAD gets only the header of a stream") {
  begin("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(next_is<HttpSession::Close>());
}

}  // namespace
}  // namespace samoyed::web
