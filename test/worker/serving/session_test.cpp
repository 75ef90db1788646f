#include "worker/serving/session.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/serving/worker_server_fixture.hpp"

// Tests sessions from outside, with peers that leave, send early or are slow.
using namespace samoyed;
using namespace samoyed::worker;
using protocol::data_message;
using std::chrono::milliseconds;
using test::Client;
using test::WorkerServerFixture;

namespace {

void leave(Client& client) {
  std::error_code ignored;
  SECTION("closing") { client.socket().close(ignored); }
  SECTION("closing only its own direction") {
    client.socket().shutdown(asio::socket_base::shutdown_send, ignored);
    client.expect_end();
  }
  SECTION("resetting") {
    client.socket().set_option(asio::socket_base::linger(true, 0), ignored);
    client.socket().close(ignored);
  }
}

}  // namespace

TEST_CASE("if the peer leaves while its image waits, the image is removed from the queue") {
  WorkerServerFixture fixture({}, {.threads = 1, .queued_max = 1});
  fixture.recognizer.close();
  Client begun(fixture), leaving(fixture), next(fixture);
  begun.begin("begun");
  fixture.recognizer.wait_for_started(1);
  leaving.begin("left alone");
  fixture.wait_until_full(true);
  leave(leaving);
  fixture.wait_until_full(false);
  next.begin("next");
  fixture.recognizer.open();
  begun.expect(data_message("begun:1.0"));
  next.expect(data_message("next:1.0"));
  CHECK(fixture.recognizer.started() == 2);
}

TEST_CASE("a peer that leaves while its image is being recognized doesn't affect others") {
  Server::Limits limits;
  limits.connections_max = 2;
  WorkerServerFixture fixture(limits, {.threads = 1});
  fixture.recognizer.close();
  Client begun(fixture), leaving(fixture);
  leaving.begin("left alone");
  fixture.recognizer.wait_for_started(1);
  begun.begin("begun");
  Client next(fixture);  // It waits for a free connection.
  leave(leaving);
  next.begin("next");
  fixture.recognizer.open();
  next.expect(data_message("next:1.0"));
  next.send("A");
  next.exchange("next again");
  begun.expect(data_message("begun:1.0"));
}

TEST_CASE("bytes that a peer sends while its image is being recognized are not lost") {
  WorkerServerFixture fixture({}, {.threads = 1});
  fixture.recognizer.close();
  Client hasty(fixture);
  hasty.begin("first");
  fixture.recognizer.wait_for_started(1);
  // The second image is longer than the number of bytes that are read early.
  const std::string second(3 * protocol::early_bytes_max, 's');
  const protocol::EncodedImage encoded(test::as_bytes(second));
  const std::string early = "A" + data_message(std::to_string(encoded.text_length())) +
                            std::string(encoded.message()) + "A";
  for (std::size_t at = 0; at < early.size(); at += 1000) hasty.send(early.substr(at, 1000));
  fixture.recognizer.open();
  hasty.expect(data_message("first:1.0") + "AA" + data_message(second + ":1.0"));
  hasty.exchange("third");
}

namespace {

/// A peer that sends the rest of its bytes one at a time, and then nothing. Nothing that it sends
/// is wrong, so only a time limit ends it.
struct SlowPeer {
  SlowPeer(const WorkerServerFixture& fixture, std::string_view begin, std::string bytes = {})
      : client(std::make_unique<Client>(fixture)), rest(std::move(bytes)) {
    client->send(begin);
  }
  /// Returns false once the server has ended the connection.
  bool dribble() {
    if (sent == rest.size()) return client->is_open();
    return client->dribble(rest[sent++]);
  }

  std::unique_ptr<Client> client;
  std::string rest;
  std::size_t sent = 0;
};

}  // namespace

TEST_CASE("slow peers are disconnected at every step and don't affect others meanwhile") {
  const test::LogCapture log;
  Server::Limits limits;
  limits.timeouts = {
      .request = milliseconds(400), .image = milliseconds(400), .ack = milliseconds(400)};
  WorkerServerFixture fixture(limits, {.threads = 1});
  const std::string begun_image = "D " + std::string(100'000, 'a');
  const std::string long_size = data_message("400000");
  std::vector<SlowPeer> slow;
  for (int i = 0; i < 20; ++i) {
    slow.emplace_back(fixture, "D 1", std::string(200, '1'));                  // in a size
    slow.emplace_back(fixture, long_size);                                     // before an image
    slow.emplace_back(fixture, long_size, begun_image);                        // in an image
    slow.emplace_back(fixture, data_message("8") + "D 11111111 -0000");        // a refused image
    slow.emplace_back(fixture, data_message("8") + data_message("Zm9v*mFy"));  // before its A
  }
  Client good(fixture);
  const test::Wait wait("the server to disconnect all slow peers");
  while (!slow.empty()) {
    good.exchange("good image");
    std::erase_if(slow, [](SlowPeer& peer) { return !peer.dribble(); });
    std::this_thread::sleep_for(milliseconds(10));
  }
  Client(fixture).exchange("another good image");
}

TEST_CASE("a peer that doesn't read its result is disconnected and doesn't affect others") {
  Server::Limits limits;
  limits.timeouts.ack = milliseconds(200);
  limits.connections_max = 1;
  WorkerServerFixture fixture(limits, {.threads = 1});
  Client deaf(fixture);
  // The fake recognizer's result is as long as the image, which is more than all buffers on its way
  // can hold.
  deaf.begin(std::string(std::size_t{24} << 20, 'x'));
  Client good(fixture);  // It waits until the deaf peer's connection is free again.
  good.exchange("good image");
}

TEST_CASE("a client that missed its result gets it again and can send its next image") {
  WorkerServerFixture fixture;
  Client late(fixture);
  late.begin("image");
  late.expect(data_message("image:1.0") + data_message("image:1.0"));
  late.send("A");
  late.exchange("next image");
  CHECK(fixture.recognizer.started() == 2);
}

TEST_CASE("a client that never acknowledges its result is disconnected in time and logged") {
  const test::LogCapture log;
  {
    Server::Limits limits;
    limits.timeouts.ack = milliseconds(1500);
    WorkerServerFixture fixture(limits);
    Client silent(fixture);
    silent.begin("image");
    // The timeout starts at the first copy and is over before a third copy is sent.
    silent.expect(data_message("image:1.0") + data_message("image:1.0"));
    silent.expect_end();
    fixture.stop();
    fixture.wait_for_end();
  }
  CHECK_THAT(log.text(), Catch::Contains("the peer did not acknowledge its result"));
}

TEST_CASE("peers of another protocol are disconnected at once, and the log says why") {
  const auto [name, bytes, reason] = GENERATE(table<std::string, std::string, std::string>({
      {"HTTP", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
       "the peer doesn't speak the D/A/N protocol"},
      {"HTTP that begins like a message", "DELETE / HTTP/1.1\r\n\r\n",
       "the peer doesn't speak the D/A/N protocol"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", 11),
       "the peer doesn't speak the D/A/N protocol"},
      {"noise", std::string("\x8F\x00\xC3\x07\xFF", 5),
       "the peer doesn't speak the D/A/N protocol"},
      {"an answer to nothing", "A", "the peer sent an unexpected message"},
      {"a text without an end", "D " + std::string(300, 'x'),
       "the peer sent a message that is too long"},
  }));
  CAPTURE(name);
  const test::LogCapture log;
  {
    WorkerServerFixture fixture;
    Client foreign(fixture);
    foreign.send(bytes);
    foreign.expect_end();
    fixture.stop();
    fixture.wait_for_end();
  }
  CHECK_THAT(log.text(), Catch::Contains("127.0.0.1:") && Catch::Contains(reason));
}

TEST_CASE("a flood of peers of another protocol doesn't flood the log") {
  const test::LogCapture log;
  {
    WorkerServerFixture fixture;
    for (int i = 0; i < 200; ++i) {
      Client foreign(fixture);
      foreign.send("GET / HTTP/1.1\r\n\r\n");
      foreign.expect_end();
    }
    fixture.stop();
    fixture.wait_for_end();
  }
  const std::string text = log.text();
  const auto lines = std::count(text.begin(), text.end(), '\n');
  CHECK(lines >= 20);
  CHECK(lines < 100);  // The run may span several windows, and each of them adds 21 lines.
}
