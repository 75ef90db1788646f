#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/io/wall_clock.hpp"
#include "web/access/session_cookies.hpp"
#include "web/server/server_fixture.hpp"

namespace samoyed::web {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using test::ServerTest;

TEST_CASE_METHOD(ServerTest, "a session's cookie is renewed with answers that no cache shares") {
  options.access.admin_token = "secret";
  start();
  const SessionCookies cookies("secret");
  const std::string id(32, 'a');
  const auto sent_at = [&](std::chrono::milliseconds age) {
    return cookies.issue(id, io::wall_clock_ms() - age.count());
  };
  // Sends a request with a session cookie, and returns the cookies that the answer sets.
  const auto set_by = [&](std::string head,
                          std::string cookie) -> asio::awaitable<std::vector<std::string>> {
    tcp::socket socket = co_await connect();
    co_await send(socket, head + "\r\nHost: x\r\nContent-Length: 0\r\nCookie: samoyed_session=" +
                              cookie + "\r\n\r\n");
    const std::string answer = co_await receive_until(socket, "\r\n\r\n");
    std::vector<std::string> values;
    constexpr std::string_view name = "Set-Cookie: samoyed_session=";
    for (std::size_t at = answer.find(name); at != answer.npos; at = answer.find(name, at)) {
      at += name.size();
      values.push_back(answer.substr(at, answer.find("\r\n", at) - at));
    }
    co_return values;
  };
  const auto client = [&]() -> asio::awaitable<void> {
    for (const std::string target : {"/", "/stats", "/api/v1/workers"}) {
      INFO(target);
      const std::string get = "GET " + target + " HTTP/1.1";
      const auto renewed = co_await set_by(get, sent_at(1h));
      REQUIRE(renewed.size() == 1);
      const std::string value = renewed.front().substr(0, renewed.front().find(';'));
      const auto session = cookies.open(value, io::wall_clock_ms());
      REQUIRE(session);
      CHECK(session->id == id);
      CHECK(session->expires_ms - session->signed_in_ms > std::chrono::milliseconds(12h).count());
      CHECK(renewed.front() == value + "; Path=/; HttpOnly; SameSite=Strict");
      const auto by_new = co_await set_by(get, sent_at(0h));
      CHECK(by_new.empty());
      const auto by_expired = co_await set_by(get, sent_at(13h));
      CHECK(by_expired.empty());
    }
    for (const std::string target : {"/assets/app.js", "/api", "/favicon.ico"}) {
      INFO(target);
      const auto by_shared = co_await set_by("GET " + target + " HTTP/1.1", sent_at(1h));
      CHECK(by_shared.empty());
    }
    const auto uploaded = co_await set_by("POST /api/v1/classify HTTP/1.1", sent_at(1h));
    CHECK(uploaded.empty());
    const auto left = co_await set_by("POST /sign-out HTTP/1.1", sent_at(1h));
    CHECK(left == std::vector<std::string>{"; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"});
  };
  run_client(client());
}

}  // namespace
}  // namespace samoyed::web
