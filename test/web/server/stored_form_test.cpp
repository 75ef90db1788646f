#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>

#include "samoyed/io/network_list.hpp"
#include "web/server/server_fixture.hpp"
#include "web/server/stored_upload.hpp"

namespace samoyed::web {
namespace {

using asio::ip::tcp;
using test::count_of;
using test::ServerTest;

/// Files of the sizes `first`, `first + 1` and so on.
std::string form(std::size_t count, std::size_t first) {
  std::string body;
  for (std::size_t i = 0; i < count; ++i) {
    body += "--b\r\nContent-Disposition: form-data; name=file; filename=" + std::to_string(i) +
            ".jpg\r\n\r\n" + std::string(first + i, 'a') + "\r\n";
  }
  return body + "--b--\r\n";
}

/// A server that takes images of at most 2000 bytes. A form that is larger than that and 64 KiB is
/// stored.
struct StoredFormTest : ServerTest {
  StoredFormTest() {
    options.limits.image_bytes_max = 2000;
    options.limits.form_bytes_max = 4 << 20;
    classifier.open_gate();
  }

  /// Returns the response to a form. With `piece`, it is sent in pieces of that size.
  std::string post(const std::string& body, const std::string& path = "/", std::size_t piece = 0) {
    start();
    std::string response;
    const auto client = [&]() -> asio::awaitable<void> {
      tcp::socket socket = co_await connect();
      const std::string head =
          "POST " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n";
      co_await send(socket, head);
      const std::size_t size = piece == 0 ? body.size() : piece;
      for (std::size_t at = 0; at < body.size(); at += size) {
        co_await send(socket, body.substr(at, size));
      }
      response = co_await receive_all(socket);
    };
    run_client(client());
    return response;
  }
};

TEST_CASE_METHOD(StoredFormTest, "a form that is larger than an image is recognized from disk") {
  const std::string response = post(form(200, 1000));
  CHECK(response.starts_with("HTTP/1.1 200 "));
  CHECK(count_of(response, "200 of 200 pictures recognized</h1>") == 1);
  CHECK(count_of(response, "<bdi>199.jpg</bdi>") == 1);
  REQUIRE(classifier.file_bytes.size() == 200);
  for (std::size_t i = 0; i < 200; ++i) CHECK(classifier.file_bytes[i] == 1000 + i);
}

TEST_CASE_METHOD(StoredFormTest, "a stored form may have any size in any pieces") {
  options.limits.image_bytes_max = 40'000;
  const std::string body = form(100, 39'000);
  REQUIRE(body.size() > 3 << 20);
  CHECK(count_of(post(body, "/", 100'003), "100 of 100 pictures recognized</h1>") == 1);
  CHECK(classifier.file_bytes.size() == 100);
}

TEST_CASE_METHOD(StoredFormTest, "too many pictures are rejected with the number") {
  const std::string response = post(form(201, 1000));
  CHECK(response.starts_with("HTTP/1.1 400 "));
  CHECK(count_of(response, "The form has too many pictures (limit 200).") == 1);
  CHECK(classifier.file_bytes.empty());
}

TEST_CASE_METHOD(StoredFormTest, "a form over its limit is rejected with the limit") {
  options.limits.form_bytes_max = 1 << 17;
  const std::string response = post(form(200, 1000));
  CHECK(response.starts_with("HTTP/1.1 413 "));
  CHECK(count_of(response, "(limit 128 KiB)") == 1);
}

TEST_CASE_METHOD(StoredFormTest, "an empty file doesn't fail the others") {
  const std::string response = post(form(3, 0));
  CHECK(count_of(response, "2 of 3 pictures recognized</h1>") == 1);
  CHECK(count_of(response, "The file is empty.") == 1);
}

TEST_CASE_METHOD(StoredFormTest, "an image beyond its limit is named among the others") {
  const std::string response = post(form(102, 1900));
  CHECK(response.starts_with("HTTP/1.1 200 "));
  CHECK(count_of(response, "101 of 102 pictures recognized</h1>") == 1);
  CHECK(count_of(response, "<bdi>101.jpg</bdi>") == 1);
  CHECK(count_of(response, "The picture is too large (limit 2000 bytes).") == 1);
}

TEST_CASE_METHOD(StoredFormTest, "an endpoint for one image takes no larger form") {
  const std::string response = post(form(200, 1000), "/api/v1/classify");
  CHECK(response.starts_with("HTTP/1.1 413 "));
  CHECK(count_of(response, "(limit 2000 bytes)") == 1);
}

TEST_CASE_METHOD(StoredFormTest, "all stored forms together are limited") {
  options.limits.stored_forms_max = 0;
  const std::string response = post(form(200, 1000));
  CHECK(response.starts_with("HTTP/1.1 503 "));
  CHECK(count_of(response, "Samoyed-Reason: overloaded") == 1);
}

TEST_CASE("each client has a share of the room for stored forms") {
  FormStore store("/nowhere", 250, 100);
  CHECK(!store.take("a", 60));
  CHECK(!store.take("a", 40));
  CHECK(store.take("a", 1) == Reason::client_limit);
  CHECK(!store.take("b", 100));
  CHECK(store.take("c", 51) == Reason::overloaded);
  CHECK(!store.take("c", 50));
  store.give_back("a", 60);
  CHECK(!store.take("c", 50));
  CHECK(!store.take("a", 10));
  store.give_back("a", 50);
  store.give_back("b", 100);
  store.give_back("c", 100);
  CHECK(store.bytes == 0);
  CHECK(store.by_client.empty());
}

TEST_CASE_METHOD(StoredFormTest, "one client's stored forms leave room for those of others") {
  options.limits.form_bytes_max = 69'000;
  options.access.trusted_proxies = io::NetworkList({"127.0.0.0/8"});
  start();
  // More than half of what one client may store is stored once the form has arrived so far.
  const std::string body = form(60, 1900);
  const auto request = [&](const std::string& address) {
    return "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: " + address +
           "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n" + body;
  };
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket first = co_await connect();
    const std::string whole = request("192.0.2.1");
    co_await send(first, whole.substr(0, whole.size() - 5));
    // Lets the server read that.
    for (int turn = 0; turn < 50; ++turn) co_await next_turn();
    const auto ask = [&](const std::string& address) -> asio::awaitable<std::string> {
      tcp::socket socket = co_await connect();
      const std::string bytes = request(address);
      co_await send(socket, bytes);
      co_return co_await receive_all(socket);
    };
    const std::string second = co_await ask("192.0.2.1");
    CHECK(second.starts_with("HTTP/1.1 429 "));
    CHECK(count_of(second, "Samoyed-Reason: client_limit") == 1);
    const std::string other = co_await ask("192.0.2.2");
    CHECK(other.starts_with("HTTP/1.1 200 "));
    co_await send(first, whole.substr(whole.size() - 5));
    const std::string response = co_await receive_all(first);
    CHECK(response.starts_with("HTTP/1.1 200 "));
  };
  run_client(client());
}

TEST_CASE_METHOD(StoredFormTest, "without a folder for it, a large form is rejected") {
  ::setenv("TMPDIR", "/nonexistent/folder", 1);
  const std::string response = post(form(200, 1000));
  ::unsetenv("TMPDIR");
  CHECK(response.starts_with("HTTP/1.1 503 "));
  CHECK(count_of(response, "Samoyed-Reason: no_resources") == 1);
}

}  // namespace
}  // namespace samoyed::web
