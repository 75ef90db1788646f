#include "worker/serving/server.hpp"

#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/protocol/wire.hpp"
#include "worker/serving/worker_server_fixture.hpp"

using namespace samoyed;
using namespace samoyed::worker;
using protocol::data_message;
using std::chrono::milliseconds;
using test::Client;
using test::WorkerServerFixture;

namespace {

/// Sends an image whose time limit is over before it has arrived. Returns the refusal.
protocol::Refusal send_too_late(Client& late) {
  late.send(data_message("hello"));
  late.read_payload();
  late.send(data_message("8;timeout_ms=1"));
  late.expect("A");
  std::this_thread::sleep_for(milliseconds(20));
  late.send(data_message("Zm9vYmFy"));
  late.expect("A");
  const auto result = protocol::parse_result(late.read_payload(), protocol::Dialect::extended);
  REQUIRE(result);
  REQUIRE(std::holds_alternative<protocol::Refusal>(*result));
  return std::get<protocol::Refusal>(*result);
}

}  // namespace

TEST_CASE("many connections at once each carry one exchange after another") {
  WorkerServerFixture fixture({}, {.threads = 2});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<Client>(fixture));
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i]->exchange("image " + std::to_string(i));
    }
  }
}

TEST_CASE("a full worker reports busy after the image's A, and beforehand in its hello reply") {
  WorkerServerFixture fixture({}, {.threads = 1, .queued_max = 1});
  fixture.recognizer.close();
  Client recognized(fixture), queued(fixture), refused(fixture), greeted(fixture);
  recognized.begin("first");
  fixture.recognizer.wait_for_started(1);
  queued.begin("second");
  // The image is queued right after its A is sent, so a hello that is answered later sees it in the
  // queue.
  greeted.send(data_message("hello"));
  greeted.expect(
      data_message(protocol::format_hello({.model = "fake",
                                           .label_count = 1,
                                           .image_bytes_max = protocol::image_bytes_max_default,
                                           .busy = true,
                                           .takes_timeout = true,
                                           .takes_thumbnail = true,
                                           .takes_pipelining = true,
                                           .threads = 1})));
  refused.begin("third");
  refused.expect(data_message("error:busy"));
  fixture.recognizer.open();
  recognized.expect(data_message("first:1.0"));
  queued.expect(data_message("second:1.0"));
}

TEST_CASE("peers that stall are disconnected, whatever the step") {
  Server::Limits limits;
  limits.timeouts = {
      .request = milliseconds(200), .image = milliseconds(200), .ack = milliseconds(200)};
  WorkerServerFixture fixture(limits);
  Client silent(fixture);
  silent.expect_end();
  Client in_size(fixture);
  in_size.send("D 1");
  in_size.expect_end();
  Client in_image(fixture);
  in_image.send(data_message("8"));
  in_image.expect("A");
  in_image.send("D Zm9v");
  in_image.expect_end();
  Client in_ack(fixture);
  in_ack.begin("image");
  in_ack.expect(data_message("image:1.0"));
  in_ack.expect_end();
}

TEST_CASE("after an exchange a client has the time for a request, not what an acknowledgment had") {
  Server::Limits limits;
  limits.timeouts.request = milliseconds(1000);
  limits.timeouts.ack = std::chrono::hours(1);
  WorkerServerFixture fixture(limits);
  Client client(fixture);
  client.exchange("image");
  client.expect_end();
}

TEST_CASE("at its connection limit the server lets further peers wait") {
  Server::Limits limits;
  limits.connections_max = 1;
  WorkerServerFixture fixture(limits);
  fixture.recognizer.close();
  auto first = std::make_unique<Client>(fixture);
  first->begin("first");
  fixture.recognizer.wait_for_started(1);
  Client second(fixture);
  second.send(data_message("4"));
  fixture.recognizer.open();
  first->expect(data_message("first:1.0"));
  first->send("A");
  second.expect("A");
  first->expect_end();  // It was idle.
}

TEST_CASE("at its connection limit the server closes the connection that has been idle longest") {
  Server::Limits limits;
  limits.connections_max = 2;
  WorkerServerFixture fixture(limits);
  Client silent(fixture), used(fixture);
  used.exchange("first");
  Client stranger(fixture);
  stranger.exchange("second");
  silent.expect_end();
  used.exchange("third");
}

TEST_CASE("a connection's first byte has its own limit") {
  Server::Limits limits;
  limits.timeouts.first_byte = milliseconds(300);
  WorkerServerFixture fixture(limits);
  const std::string size = data_message("4");
  Client begun(fixture), silent(fixture);
  begun.send(size.substr(0, 1));
  silent.expect_end();
  begun.send(size.substr(1));
  begun.expect("A");
}

TEST_CASE("a stopping server finishes exchanges in progress and ends idle connections") {
  Server::Limits limits;
  limits.timeouts.first_byte = limits.timeouts.request = std::chrono::hours(1);
  WorkerServerFixture fixture(limits, {.threads = 1});
  fixture.recognizer.close();
  Client idle(fixture), busy(fixture), queued(fixture), sending(fixture);
  busy.begin("under way");
  fixture.recognizer.wait_for_started(1);
  queued.begin("queued");
  const std::string image = sending.announce("not yet sent");
  fixture.stop();
  idle.expect_end();
  sending.send(image);
  sending.expect("A");
  fixture.recognizer.open();
  busy.expect(data_message("under way:1.0"));
  busy.send("A");
  busy.expect_end();
  queued.expect(data_message("queued:1.0"));
  queued.send("A");
  sending.expect(data_message("not yet sent:1.0"));
  sending.send("A");
  fixture.wait_for_end();
}

TEST_CASE("at its limit per address the server closes further connections at once") {
  Server::Limits limits;
  limits.connections_per_peer_max = 1;
  WorkerServerFixture fixture(limits);
  fixture.recognizer.close();
  Client first(fixture);
  first.begin("first");
  fixture.recognizer.wait_for_started(1);
  Client second(fixture);
  second.expect_end();
  fixture.recognizer.open();
  first.expect(data_message("first:1.0"));
  first.send("A");
  first.exchange("first again");
}

TEST_CASE("at its limit per address the server closes an idle connection from that address") {
  Server::Limits limits;
  limits.connections_per_peer_max = 1;
  WorkerServerFixture fixture(limits);
  Client other(fixture, "127.0.0.2");
  other.exchange("other");
  Client own(fixture);
  own.exchange("own");
  Client next(fixture);
  next.exchange("next");
  own.expect_end();
  other.exchange("other again");
}

TEST_CASE("an image that waits too long for its turn is answered busy") {
  Server::Limits limits;
  const std::string hello =
      data_message(protocol::format_hello({.model = "fake",
                                           .label_count = 1,
                                           .image_bytes_max = protocol::image_bytes_max_default,
                                           .takes_timeout = true,
                                           .takes_thumbnail = true,
                                           .takes_pipelining = true,
                                           .threads = 1}));
  std::string size = "8";
  SECTION("by the worker's own limit") { limits.timeouts.queue = milliseconds(50); }
  SECTION("by the time limit that its sender gave") {
    limits.timeouts.queue = std::chrono::hours(1);
    size = "8;timeout_ms=50";
  }
  WorkerServerFixture fixture(limits, {.threads = 1, .queued_max = 1});
  fixture.recognizer.close();
  Client begun(fixture), late(fixture);
  begun.begin("begun");
  fixture.recognizer.wait_for_started(1);
  late.send(data_message("hello"));
  late.expect(hello);
  late.send(data_message(size));
  late.expect("A");
  late.send(data_message("Zm9vYmFy"));
  late.expect("A");
  late.expect(data_message(
      format_result(protocol::Refusal{protocol::RefusalReason::busy,
                                      "The worker couldn't start on the image in time."},
                    protocol::Dialect::extended)));
  fixture.wait_until_full(false);
  late.send("A");
  fixture.recognizer.open();
  begun.expect(data_message("begun:1.0"));
  begun.send("A");
  begun.exchange("next");
  CHECK(fixture.recognizer.started() == 2);
}

TEST_CASE("an image that arrives after its sender's time limit isn't recognized") {
  WorkerServerFixture fixture;
  Client late(fixture);
  const protocol::Refusal refusal = send_too_late(late);
  CHECK(refusal.reason == protocol::RefusalReason::busy);
  CHECK(fixture.recognizer.started() == 0);
}

TEST_CASE(
    "an image that arrives after its sender's time limit doesn't ask for a place in the queue") {
  WorkerServerFixture fixture({}, {.threads = 1, .queued_max = 1});
  fixture.recognizer.close();
  Client begun(fixture), queued(fixture), late(fixture);
  begun.begin("begun");
  fixture.recognizer.wait_for_started(1);
  queued.begin("queued");
  fixture.wait_until_full(true);
  const protocol::Refusal refusal = send_too_late(late);
  CHECK(refusal.detail == "The worker couldn't start on the image in time.");
  fixture.recognizer.open();
  begun.expect(data_message("begun:1.0"));
  queued.expect(data_message("queued:1.0"));
}

TEST_CASE("a client that asks for a thumbnail gets it with the result") {
  WorkerServerFixture fixture;
  Client client(fixture);
  client.send(data_message("hello"));
  CHECK(protocol::parse_hello(client.read_payload())->takes_thumbnail);
  const auto thumbnail_of = [&](const std::string& size) {
    client.send(data_message(size));
    client.expect("A");
    client.send(data_message("Zm9vYmFy"));
    client.expect("A");
    const auto result = protocol::parse_result(client.read_payload(), protocol::Dialect::extended);
    client.send("A");
    return std::get<protocol::Recognition>(result.value()).thumbnail;
  };
  CHECK(thumbnail_of("8;thumbnail=96") ==
        "\xFF\xD8\xFF"
        "96");
  CHECK(thumbnail_of("8").empty());
  CHECK(thumbnail_of("8;top=1;thumbnail=160") ==
        "\xFF\xD8\xFF"
        "160");
}

TEST_CASE("images that are being received share one byte limit") {
  Server::Limits limits;
  limits.receiving_bytes_max = 1000;
  WorkerServerFixture fixture(limits);
  Client announcing(fixture), receiving(fixture), other(fixture);
  announcing.announce(std::string(1000, 'a'));
  const std::string half = receiving.announce(std::string(800, 'r'));
  receiving.send(half.substr(0, half.size() - 1));
  // Nothing signals when the server has read those bytes, so the other client tries until it has.
  std::string answer;
  const std::string busy = data_message("error:busy");
  while (answer != busy) {
    other.begin(std::string(900, 'o'));
    answer = other.read_like(busy);
    if (answer != busy)
      other.expect(data_message(std::string(900, 'o') + ":1.0").substr(busy.size()));
    other.send("A");
  }
  receiving.send(half.substr(half.size() - 1));
  receiving.expect("A");
  receiving.expect(data_message(std::string(800, 'r') + ":1.0"));
  other.exchange(std::string(900, 'o'));
}
