#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <catch2/catch.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "samoyed/protocol/address.hpp"
#include "samoyed/protocol/encoded_image.hpp"
#include "samoyed/protocol/message.hpp"
#include "support/fake_recognizer.hpp"
#include "support/wait.hpp"
#include "worker/serving/server.hpp"

/// A worker's server and its clients, for tests.
namespace samoyed::test {

/// A server with a fake recognizer, on its own port and thread.
class WorkerServerFixture {
 public:
  explicit WorkerServerFixture(worker::Server::Limits limits = {},
                               worker::RecognitionQueue::Limits queue = {})
      : queue_(recognizer, queue),
        server_(io::open_acceptor(io_.get_executor(), "127.0.0.1", 0), queue_,
                recognizer.description(), metrics, limits),
        address_(*protocol::parse_address(server_.listening_address())) {
    asio::co_spawn(io_, server_.run(), [this](std::exception_ptr) { ended_.set_value(); });
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~WorkerServerFixture() {
    recognizer.open(), stop(), wait_for_end();
    io_.stop();  // A drain may still wait.
  }

  void stop() {
    asio::post(io_, [this] { server_.stop(); });
  }
  void drain(std::chrono::milliseconds time) {
    asio::post(io_, [this, time] {
      server_.begin_drain();
      asio::co_spawn(io_, server_.wait_for_drain(time),
                     [this](std::exception_ptr) { drained_ = true; });
    });
  }
  bool has_drained() const { return drained_; }
  void wait_until_drained() {
    wait_until("the worker's server to have drained", [this] { return has_drained(); });
  }
  void wait_for_connections(std::size_t count) {
    wait_until("the worker's server to accept connections", [&] {
      std::promise<std::size_t> connections;
      asio::post(io_, [&] { connections.set_value(server_.connections()); });
      return connections.get_future().get() == count;
    });
  }
  void wait_for_end() {
    const Wait wait("the worker's server to end");
    if (end_.valid()) end_.get();
  }

  asio::ip::tcp::endpoint endpoint() const {
    return {asio::ip::make_address(address_.host), address_.port};
  }

  /// Waits until the queue is full, or until it has room if `full` is false.
  void wait_until_full(bool full) {
    wait_until(full ? "the queue to be full" : "the queue to have room",
               [&] { return queue_.full() == full; });
  }

  FakeRecognizer recognizer;
  /// The network thread writes it; read it only while no exchange is in progress.
  worker::Metrics metrics{recognizer.description()};

 private:
  template <typename Condition>
  static void wait_until(const char* what, Condition condition) {
    const Wait wait(what);
    while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  asio::io_context io_{1};
  worker::RecognitionQueue queue_;
  worker::Server server_;
  protocol::Address address_;
  std::promise<void> ended_;
  std::future<void> end_ = ended_.get_future();
  std::atomic<bool> drained_ = false;
  std::jthread thread_;
};

/// A client that sends and reads exactly the bytes that a test asks for.
class Client {
 public:
  explicit Client(const WorkerServerFixture& fixture, const char* address = "127.0.0.1")
      : socket_(io_, {asio::ip::make_address(address), 0}) {
    socket_.connect(fixture.endpoint());
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }

  void send(std::string_view bytes) {
    const Wait wait("the worker to read '" + printable(bytes) + "'");
    asio::write(socket_, asio::buffer(bytes));
  }
  /// Discards whatever has arrived. Returns false once the server has ended the connection. Never
  /// waits.
  bool is_open() {
    std::array<char, 1024> unwanted;
    std::error_code error;
    socket_.non_blocking(true);
    while (!error) socket_.read_some(asio::buffer(unwanted), error);
    return error == asio::error::would_block;
  }
  /// The same, and sends a byte.
  bool dribble(char byte) {
    if (!is_open()) return false;
    std::error_code error;
    socket_.write_some(asio::buffer(&byte, 1), error);
    return !error || error == asio::error::would_block;
  }

  /// Reads as many bytes as `expected` has, or fewer if the server ends the connection.
  std::string read_like(std::string_view expected) {
    const Wait wait("the worker to send '" + printable(expected) + "'");
    std::string bytes(expected.size(), '\0');
    std::error_code error;
    bytes.resize(asio::read(socket_, asio::buffer(bytes), error));
    return bytes;
  }
  /// Returns the payload of the next message. No further message may have arrived yet.
  std::string read_payload() {
    const Wait wait("the worker to send a message");
    std::string bytes;
    const std::size_t end = asio::read_until(socket_, asio::dynamic_buffer(bytes), " -");
    return bytes.substr(2, end - 4);
  }
  void expect(std::string_view expected) { CHECK(read_like(expected) == expected); }
  void expect_end() {
    const Wait wait("the worker to end a connection");
    char byte;
    std::error_code error;
    CHECK(socket_.read_some(asio::buffer(&byte, 1), error) == 0);
  }
  void exchange(std::string_view image) {
    begin(image);
    expect(protocol::data_message(std::string(image) + ":1.0"));
    send("A");
  }
  /// Runs an exchange up to the A for the size. Returns the image message.
  std::string announce(std::string_view image) {
    const protocol::EncodedImage encoded(as_bytes(image));
    send(protocol::data_message(std::to_string(encoded.text_length())));
    expect("A");
    return std::string(encoded.message());
  }
  /// Runs an exchange up to the A for the image.
  void begin(std::string_view image) {
    send(announce(image));
    expect("A");
  }

  asio::ip::tcp::socket& socket() { return socket_; }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
};

/// Captures what is logged during its lifetime, instead of letting it go to stderr.
class LogCapture {
 public:
  LogCapture() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines_)));
  }
  ~LogCapture() { spdlog::set_default_logger(before_); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /// Must be called only when nothing logs any more.
  std::string text() const { return lines_.str(); }

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream lines_;
};

}  // namespace samoyed::test
