#include "worker/server.hpp"

#include <future>
#include <thread>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <catch2/catch.hpp>

#include "samoyed/protocol/encoded_image.hpp"
#include "samoyed/protocol/message.hpp"
#include "support/fake_recognizer.hpp"

using namespace samoyed;
using namespace samoyed::worker;
using protocol::data_message;
using std::chrono::milliseconds;

namespace {

/// A server with a fake recognizer on a port of its own, on a thread of its own.
class House {
 public:
  explicit House(Server::Limits limits = {}, RecognitionQueue::Limits queue = {})
      : queue_(recognizer, queue),
        server_(io::open_acceptor(io_.get_executor(), "127.0.0.1", 0), queue_,
                recognizer.description(), limits),
        address_(*protocol::parse_address(server_.listening_address())) {
    asio::co_spawn(io_, server_.run(), [this](std::exception_ptr) { ended_.set_value(); });
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~House() { recognizer.open(), stop(), wait_for_end(); }

  void stop() {
    asio::post(io_, [this] { server_.stop(); });
  }
  void wait_for_end() {
    if (end_.valid()) end_.get();
  }

  asio::ip::tcp::endpoint endpoint() const {
    return {asio::ip::make_address(address_.host), address_.port};
  }

  test::FakeRecognizer recognizer;

 private:
  asio::io_context io_{1};
  RecognitionQueue queue_;
  Server server_;
  protocol::Address address_;
  std::promise<void> ended_;
  std::future<void> end_ = ended_.get_future();
  std::jthread thread_;
};

/// A client that reads and writes bytes as it is told.
class Client {
 public:
  explicit Client(const House& house) : socket_(io_) { socket_.connect(house.endpoint()); }

  void send(std::string_view bytes) { asio::write(socket_, asio::buffer(bytes)); }

  /// The next bytes, as many as `expected` has; fewer if the server ended.
  std::string read_like(std::string_view expected) {
    std::string bytes(expected.size(), '\0');
    std::error_code error;
    bytes.resize(asio::read(socket_, asio::buffer(bytes), error));
    return bytes;
  }
  void expect(std::string_view expected) { CHECK(read_like(expected) == expected); }
  void expect_end() {
    char byte;
    std::error_code error;
    CHECK(socket_.read_some(asio::buffer(&byte, 1), error) == 0);
  }
  void exchange(std::string_view image) {
    begin(image);
    expect(data_message(std::string(image) + ":1.0"));
    send("A");
  }
  /// Up to the image's A.
  void begin(std::string_view image) {
    const protocol::EncodedImage encoded(test::as_bytes(image));
    send(data_message(std::to_string(encoded.text_length())));
    expect("A");
    send(encoded.message());
    expect("A");
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
};

}  // namespace

TEST_CASE("many connections at once, one exchange after the other on each") {
  House house({}, {.threads = 2});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<Client>(house));
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i]->exchange("image " + std::to_string(i));
    }
  }
}

TEST_CASE("a full worker says so after the image's A, and hello tells it before") {
  House house({}, {.threads = 1, .queued_max = 1});
  house.recognizer.close();
  Client recognised(house), queued(house), refused(house), greeted(house);
  recognised.begin("first");
  house.recognizer.wait_for_started(1);
  queued.begin("second");
  // The image was acknowledged before it was queued: a hello that is answered later saw it queued.
  greeted.send(data_message("hello"));
  greeted.expect(data_message(
      protocol::format_hello({"fake", 1, true, protocol::image_bytes_max_default, true})));
  refused.begin("third");
  refused.expect(data_message("error:busy"));
  house.recognizer.open();
  recognised.expect(data_message("first:1.0"));
  queued.expect(data_message("second:1.0"));
}

TEST_CASE("peers that stall are ended, each at its step") {
  Server::Limits limits;
  limits.timeouts = {
      .request = milliseconds(200), .image = milliseconds(200), .ack = milliseconds(200)};
  House house(limits);
  Client silent(house);
  silent.expect_end();
  Client in_size(house);
  in_size.send("D 1");
  in_size.expect_end();
  Client in_image(house);
  in_image.send(data_message("8"));
  in_image.expect("A");
  in_image.send("D Zm9v");
  in_image.expect_end();
  Client in_ack(house);
  in_ack.begin("image");
  in_ack.expect(data_message("image:1.0"));
  in_ack.expect_end();
}

TEST_CASE("beyond its limit of connections the server lets peers wait") {
  Server::Limits limits;
  limits.connections_max = 1;
  House house(limits);
  auto first = std::make_unique<Client>(house);
  first->exchange("first");
  Client second(house);  // The kernel accepts it; the server doesn't yet.
  second.send(data_message("4"));
  first->exchange("first again");
  first.reset();
  second.expect("A");
}

TEST_CASE("a server that stops finishes what is under way and ends idle connections") {
  House house({}, {.threads = 1});
  house.recognizer.close();
  Client idle(house), busy(house);
  busy.begin("under way");
  house.stop();
  idle.expect_end();
  house.recognizer.open();
  busy.expect(data_message("under way:1.0"));
  busy.send("A");
  busy.expect_end();
  house.wait_for_end();
}
