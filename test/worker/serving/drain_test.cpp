#include "worker/serving/drain.hpp"

#include <catch2/catch.hpp>

#include "samoyed/protocol/wire.hpp"
#include "worker_server_fixture.hpp"

using namespace samoyed;
using namespace samoyed::test;
using namespace samoyed::worker;
using protocol::data_message;
using std::chrono::seconds;

namespace {

constexpr std::chrono::milliseconds drain_hour = std::chrono::hours(1);

/// Says hello. Returns whether the worker says that it is about to stop.
bool says_draining(Client& client) {
  client.send(data_message(protocol::hello_payload));
  return client.read_payload().find(R"("draining":true)") != std::string::npos;
}

TEST_CASE("a drain lasts as long as images come, within its limit, and half as long without") {
  const auto begun = io::Event::Clock::time_point(std::chrono::hours(1));
  const auto lasts = [&](seconds last_image) {
    return drain_end(begun, begun + last_image, seconds(4)) - begun;
  };
  CHECK(drain_end(begun, {}, seconds(4)) - begun == seconds(2));
  CHECK(lasts(seconds(-1)) == seconds(2));
  CHECK(lasts(seconds(1)) == seconds(3));
  CHECK(lasts(seconds(2)) == seconds(4));
  CHECK(lasts(seconds(3)) == seconds(4));
  CHECK(drain_end(begun, begun, seconds(0)) == begun);
}

TEST_CASE("a draining server says so in hellos, ends idle connections and serves new ones") {
  Server::Limits limits;
  limits.timeouts.first_byte = limits.timeouts.request = std::chrono::hours(1);
  WorkerServerFixture fixture(limits);
  Client used(fixture), greeted(fixture);
  used.exchange("image");
  CHECK_FALSE(says_draining(greeted));
  fixture.drain(drain_hour);
  used.expect_end();
  greeted.expect_end();
  Client late(fixture);
  late.exchange("late image");
  late.expect_end();
  Client asking(fixture);
  CHECK(says_draining(asking));
  asking.expect_end();
  CHECK_FALSE(fixture.has_drained());
}

TEST_CASE("a connection that has just been opened or greeted may still bring its image") {
  for (const bool stops : {false, true}) {
    CAPTURE(stops);
    WorkerServerFixture fixture;
    Client opened(fixture), greeted(fixture);
    says_draining(greeted);
    fixture.wait_for_connections(2);
    if (stops) {
      fixture.stop();
    } else {
      fixture.drain(drain_hour);
    }
    opened.exchange("first image");
    opened.expect_end();
    greeted.announce("second image");
  }
}

TEST_CASE("a drain ends at once if nobody is connected, and otherwise after its time") {
  WorkerServerFixture fixture;
  SECTION("nobody") { fixture.drain(drain_hour); }
  SECTION("an idle client") {
    Client idle(fixture);
    idle.exchange("image");
    fixture.drain(std::chrono::milliseconds(10));
    idle.expect_end();
  }
  fixture.wait_until_drained();
}

}  // namespace
