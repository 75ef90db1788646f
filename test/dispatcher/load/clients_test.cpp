#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "dispatcher/load/http_client.hpp"
#include "dispatcher/load/socket.hpp"
#include "dispatcher/load/worker_client.hpp"
#include "samoyed/io/errc.hpp"
#include "samoyed/protocol/errc.hpp"
#include "samoyed/protocol/message.hpp"
#include "samoyed/protocol/wire.hpp"
#include "support/scripted_peer.hpp"
#include "support/silent_listener.hpp"

using namespace samoyed;
using namespace samoyed::load;
using protocol::data_message;
using test::ScriptedPeer;
using test::SilentListener;
using Connection = ScriptedPeer::Connection;

namespace {

const std::string hello = data_message("hello");
const std::string hello_reply =
    data_message(protocol::format_hello({.model = "m", .label_count = 1}));
const std::string pipelining_hello_reply = data_message(
    protocol::format_hello({.model = "m", .label_count = 1, .takes_pipelining = true}));
const std::string image_message = data_message("Zm9vYmFy");
const std::string result =
    data_message(R"({"top":[{"label":"Samoyed","probability":0.93}],"width":2,"height":1,)"
                 R"("times":{"queue_ms":1.0,"decode_ms":2.0,"resize_ms":3.0,"forward_ms":4.0}})");

std::vector<std::byte> image() {
  std::vector<std::byte> bytes;
  for (const char c : std::string_view("foobar")) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

/// Sends the image `count` times with one client. Returns each ending as `recognized`, `refused
/// busy` or `failed End of file`.
std::vector<std::string> send(asio::io_context& io, Target& target, int count,
                              std::chrono::milliseconds timeout) {
  std::vector<std::string> endings;
  const auto client = target.make_client(io.get_executor());
  const auto send_all = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < count; ++i) {
      const Ending ending = co_await client->send(0, Clock::now() + timeout);
      const std::string kind = ending.kind == Ending::Kind::recognized ? "recognized"
                               : ending.kind == Ending::Kind::refused  ? "refused "
                                                                       : "failed ";
      endings.push_back(kind + ending.why);
    }
  };
  asio::co_spawn(io, send_all(), asio::detached);
  const test::Wait wait("the endings of a client's images");
  while (!io.stopped()) {
    io.run_one_for(std::chrono::milliseconds(20));
    client->watch(Clock::now());
  }
  return endings;
}

constexpr std::chrono::seconds patient{30};
constexpr std::chrono::milliseconds impatient{100};

std::vector<std::string> ask_worker(const ScriptedPeer& peer, int count, bool fresh = false,
                                    std::chrono::milliseconds timeout = patient) {
  asio::io_context io;
  WorkerTarget target(io.get_executor(), {peer.address()}, {image()},
                      {.top = 3, .fresh_connections = fresh});
  return send(io, target, count, timeout);
}

std::vector<std::string> post(const ScriptedPeer& peer, int count,
                              std::chrono::milliseconds timeout = patient) {
  asio::io_context io;
  HttpTarget target(io.get_executor(), {peer.address(), "/"}, {{"a.jpg", image()}}, {});
  return send(io, target, count, timeout);
}

void serve(Connection& peer, const std::string& answer, const std::string& size = "8;top=3") {
  peer.expect(data_message(size));
  peer.send("A");
  peer.expect(image_message);
  peer.send("A" + answer);
  peer.expect("A");
}

void greet(Connection& peer) {
  peer.expect(hello);
  peer.send(hello_reply);
}

std::string http_answer(const std::string& status, const std::string& fields,
                        const std::string& body) {
  return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

void read_upload(Connection& peer) { peer.read_until("--\r\n"); }

}  // namespace

TEST_CASE("a worker's client says hello once and keeps its connection") {
  ScriptedPeer peer({[](Connection& connection) {
    greet(connection);
    serve(connection, result);
    serve(connection, data_message(R"({"error":"busy"})"));
    serve(connection, result);
  }});
  CHECK(ask_worker(peer, 3) ==
        std::vector<std::string>{"recognized", "refused busy", "recognized"});
  CHECK(peer.connections() == 1);
}

TEST_CASE("from the second image of a connection on, size and image are sent together") {
  ScriptedPeer peer({[](Connection& connection) {
    connection.expect(hello);
    connection.send(pipelining_hello_reply);
    serve(connection, result);
    connection.expect(data_message("8;top=3") + image_message);
    connection.send("AA" + result);
    connection.expect("A");
  }});
  CHECK(ask_worker(peer, 2) == std::vector<std::string>{"recognized", "recognized"});
}

TEST_CASE("if a pipelined size is refused, the image is sent on a fresh connection") {
  ScriptedPeer peer({[](Connection& connection) {
                       connection.expect(hello);
                       connection.send(pipelining_hello_reply);
                       serve(connection, result);
                       connection.expect(data_message("8;top=3") + image_message);
                       connection.send("N");
                       connection.wait_for_end();
                     },
                     [](Connection& connection) {
                       connection.expect(hello);
                       connection.send(pipelining_hello_reply);
                       serve(connection, result);
                     }});
  CHECK(ask_worker(peer, 2) == std::vector<std::string>{"recognized", "recognized"});
  CHECK(peer.connections() == 2);
}

TEST_CASE("a worker's client uses a fresh connection for each image on request") {
  const auto once = [](Connection& connection) {
    greet(connection);
    serve(connection, result);
    connection.wait_for_end();
  };
  ScriptedPeer peer({once, once});
  CHECK(ask_worker(peer, 2, /*fresh=*/true) ==
        std::vector<std::string>{"recognized", "recognized"});
  CHECK(peer.connections() == 2);
}

TEST_CASE("a reference server gets one hello, and a connection for each image") {
  const auto plain = [](Connection& connection) {
    serve(connection, data_message("Samoyed:0.93"), "8");
  };
  ScriptedPeer peer({[](Connection& connection) {
                       connection.expect(hello);
                       connection.send("A");
                     },
                     plain, plain});
  CHECK(ask_worker(peer, 2) == std::vector<std::string>{"recognized", "recognized"});
  CHECK(peer.connections() == 3);
}

TEST_CASE("an image fails if its connection ends during the exchange, not if it ended while idle") {
  ScriptedPeer peer({[](Connection& connection) {
                       greet(connection);
                       serve(connection, result);
                     },
                     [](Connection& connection) {
                       greet(connection);
                       serve(connection, result);
                       connection.expect(data_message("8;top=3"));
                       connection.send("A");
                       connection.expect(image_message);
                     }});
  CHECK(ask_worker(peer, 3) ==
        std::vector<std::string>{"recognized", "recognized", "failed End of file"});
}

TEST_CASE("an image fails if the worker sends nonsense or hangs") {
  ScriptedPeer nonsense({[](Connection& connection) {
    greet(connection);
    connection.read_until("0");
    connection.send("?");
    connection.wait_for_end();
  }});
  const auto endings = ask_worker(nonsense, 1);
  CHECK(endings[0] == "failed " + make_error_code(protocol::Errc::not_the_protocol).message());
  ScriptedPeer hanging({[](Connection& connection) { connection.wait_for_end(); }});
  CHECK(ask_worker(hanging, 1, false, impatient)[0] ==
        "failed " + make_error_code(io::Errc::timed_out).message());
}

TEST_CASE("an image that took too long on a kept connection is not sent again") {
  ScriptedPeer worker({[](Connection& connection) {
    greet(connection);
    serve(connection, result);
    connection.wait_for_end();
  }});
  const std::string too_long = "failed " + make_error_code(io::Errc::timed_out).message();
  CHECK(ask_worker(worker, 2, false, impatient) ==
        std::vector<std::string>{"recognized", too_long});
  CHECK(worker.connections() == 1);
  ScriptedPeer page({[](Connection& connection) {
    read_upload(connection);
    connection.send(http_answer("200 OK", "", "x"));
    connection.wait_for_end();
  }});
  CHECK(post(page, 2, impatient) == std::vector<std::string>{"recognized", too_long});
  CHECK(page.connections() == 1);
}

TEST_CASE("the address of a name that answers is used, and is tried first next time") {
  ScriptedPeer peer({[](Connection& connection) { connection.wait_for_end(); },
                     [](Connection& connection) { connection.wait_for_end(); }});
  asio::io_context io;
  using asio::ip::tcp;
  tcp::acceptor closed(io, {asio::ip::address_v4::loopback(), 0});
  const tcp::endpoint dead = closed.local_endpoint();
  closed.close();
  const tcp::endpoint live(asio::ip::address_v4::loopback(), peer.address().port);
  std::vector<tcp::endpoint> endpoints{dead, live};
  Socket socket(io.get_executor());
  for (int i = 0; i < 2; ++i) {
    std::error_code error = std::make_error_code(std::errc::timed_out);
    const auto connect = [&]() -> asio::awaitable<void> {
      error = co_await socket.connect(endpoints);
    };
    asio::co_spawn(io, connect(), asio::detached);
    const test::Wait wait("a connection to the second endpoint");
    io.restart();
    io.run();
    CHECK_FALSE(error);
    CHECK(socket.is_open());
    CHECK(endpoints.front() == live);
  }
  socket.close();
}

TEST_CASE("an address that swallows packets doesn't keep the load generator from the next one") {
  ScriptedPeer peer({[](Connection& connection) { connection.wait_for_end(); }});
  const SilentListener silent(asio::ip::address_v4::loopback());
  asio::io_context io;
  const asio::ip::tcp::endpoint live(asio::ip::address_v4::loopback(), peer.address().port);
  std::vector<asio::ip::tcp::endpoint> endpoints{silent.endpoint(), live};
  Socket socket(io.get_executor());
  std::error_code error = std::make_error_code(std::errc::timed_out);
  const auto connect = [&]() -> asio::awaitable<void> {
    error = co_await socket.connect(endpoints);
  };
  asio::co_spawn(io, connect(), asio::detached);
  io.run_for(std::chrono::seconds(20));
  CHECK_FALSE(error);
  CHECK(endpoints.front() == live);
  socket.close();
}

TEST_CASE("a recognition includes the times of the steps and of the worker") {
  ScriptedPeer peer({[](Connection& connection) {
    greet(connection);
    serve(connection, result);
  }});
  asio::io_context io;
  WorkerTarget target(io.get_executor(), {peer.address()}, {image()}, {.top = 3});
  const auto client = target.make_client(io.get_executor());
  Ending ending;
  const auto send_one = [&]() -> asio::awaitable<void> {
    ending = co_await client->send(0, Clock::now() + patient);
  };
  asio::co_spawn(io, send_one(), asio::detached);
  const test::Wait wait("the ending of an image");
  io.run();
  REQUIRE(ending.worker_times);
  CHECK(*ending.worker_times == protocol::PhaseTimes{1, 2, 3, 4});
  REQUIRE(ending.steps);
  CHECK(ending.steps->size > std::chrono::nanoseconds(0));
  CHECK(ending.steps->image > std::chrono::nanoseconds(0));
  CHECK(ending.steps->result > std::chrono::nanoseconds(0));
}

TEST_CASE("an upload is the same request as the page's form sends") {
  const HttpUrl url = parse_http_url("http://[::1]:8/x").value();
  const std::vector<Upload> uploads{{"a\"\r\nb.jpg", image()}};
  const std::string request = upload_request(url, uploads, true);
  const std::size_t head_end = request.find("\r\n\r\n");
  const std::string head = request.substr(0, head_end);
  const std::string body = request.substr(head_end + 4);
  CHECK(head.starts_with("POST /x HTTP/1.1\r\nHost: [::1]:8\r\n"));
  CHECK(head.ends_with("\r\nContent-Length: " + std::to_string(body.size())));
  CHECK(body.find("name=\"file\"; filename=\"a___b.jpg\"\r\n") != body.npos);
  CHECK(body.find("\r\n\r\nfoobar\r\n--") != body.npos);
  CHECK(upload_request(url, uploads, false).find("\r\nConnection: close\r\n\r\n") !=
        std::string::npos);
}

TEST_CASE("a form holds as many images as were asked for, and accepted jobs count") {
  std::vector<std::string> received;
  ScriptedPeer peer({[&](Connection& connection) {
    for (int request = 0; request < 2; ++request) {
      received.push_back(connection.read_until("--\r\n"));
      connection.send(http_answer("202 Accepted", "", "{}"));
    }
  }});
  asio::io_context io;
  HttpTarget target(io.get_executor(), {peer.address(), "/api/v1/jobs"},
                    {{"a.jpg", image()}, {"b.jpg", image()}}, {.images_per_request = 3});
  CHECK(send(io, target, 2, patient) == std::vector<std::string>{"recognized", "recognized"});
  REQUIRE(received.size() == 2);
  std::string names;
  const std::string before = "filename=\"";
  for (auto at = received[1].find(before); at != std::string::npos;
       at = received[1].find(before, at + 1)) {
    names += received[1][at + before.size()];
  }
  CHECK(names == "aba");
}

TEST_CASE("the page's client keeps its connection, and reports refusals by status and reason") {
  ScriptedPeer peer({[](Connection& connection) {
    read_upload(connection);
    connection.send(http_answer("200 OK", "", std::string(300000, 'x')));
    read_upload(connection);
    connection.send(http_answer("503 Busy", "Samoyed-Reason: all_busy\r\n", "busy"));
    read_upload(connection);
    connection.send(http_answer("404 Lost", "", ""));
    connection.wait_for_end();
  }});
  CHECK(post(peer, 3) ==
        std::vector<std::string>{"recognized", "refused 503 all_busy", "failed status 404"});
  CHECK(peer.connections() == 1);
}

TEST_CASE("an answer may be split anywhere") {
  const std::string answer = http_answer("200 OK", "Samoyed: yes\r\n", "some body");
  for (std::size_t cut = 1; cut < answer.size(); ++cut) {
    ScriptedPeer peer({[&](Connection& connection) {
      read_upload(connection);
      connection.send(answer.substr(0, cut));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      connection.send(answer.substr(cut));
      read_upload(connection);
      connection.send(answer);
    }});
    INFO("cut at " << cut);
    CHECK(post(peer, 2) == std::vector<std::string>{"recognized", "recognized"});
  }
}

TEST_CASE("the page's client reconnects after a close, and fails if an answer is cut off") {
  ScriptedPeer peer({[](Connection& connection) {
                       read_upload(connection);
                       connection.send(http_answer("200 OK", "Connection: close\r\n", "x"));
                     },
                     [](Connection& connection) {
                       read_upload(connection);
                       connection.send(http_answer("200 OK", "", "x"));
                     },
                     [](Connection& connection) {
                       read_upload(connection);
                       connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx");
                     },
                     [](Connection& connection) { connection.wait_for_end(); }});
  const auto endings = post(peer, 3);
  CHECK(endings ==
        std::vector<std::string>{"recognized", "recognized", "failed the connection was closed"});
  CHECK(post(peer, 1, impatient)[0] == "failed " + make_error_code(io::Errc::timed_out).message());
}
