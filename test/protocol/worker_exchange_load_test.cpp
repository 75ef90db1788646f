#include <chrono>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "protocol/worker_exchange_script.hpp"
#include "samoyed/protocol/byte_budget.hpp"
#include "samoyed/protocol/worker_exchange.hpp"

/// Clients that leave, send too early or wait too long, and the shared limit on images being
/// received.
using namespace samoyed::test;

TEST_CASE("a peer that leaves during the recognition is noticed") {
  Script script = Script::slow();
  script.receive(size + image);
  script.seen();
  SECTION("by closing") {
    script.end();
    CHECK(script.seen() == "[closed: the peer closed the connection in the middle of an exchange]");
  }
  SECTION("by a reset") {
    script.end(std::make_error_code(std::errc::connection_reset));
    CHECK(script.seen() == "[closed: Connection reset by peer]");
  }
}

TEST_CASE("bytes that a peer sends before its result are kept, up to a limit") {
  const std::string once = "AA[recognize foobar 5]";
  Script script = Script::slow();
  script.receive(size + image);
  script.receive("A" + size);
  script.receive(image);
  CHECK(script.takes_early_bytes());
  CHECK(script.seen() == once);
  script.recognize();
  CHECK(script.seen() == "[20 ms]" + plain_result + once);
  script.receive(std::string(early_bytes_max - 1, 'x'));
  CHECK(script.takes_early_bytes());
  script.receive("x");
  CHECK_FALSE(script.takes_early_bytes());
  script.recognize();
  CHECK(script.seen() ==
        "[20 ms]" + plain_result + "[closed: the peer doesn't speak the D/A/N protocol]");
}

TEST_CASE("a late second copy is dropped while the image is recognized") {
  const std::string large(3 * early_bytes_max, 'x');
  const std::string message = image_message(large);
  Script script = Script::slow({.image_bytes_max = large.size()});
  script.receive(data_message(std::to_string(message.size() - data_overhead_bytes)));
  script.receive(damaged(message) + message);
  script.time_out();
  CHECK(script.seen() == "ANA[recognize " + large + " 5]");
  const std::size_t half = message.size() / 2;
  for (const char c : message.substr(0, half)) {
    script.receive({&c, 1});
    REQUIRE(script.takes_early_bytes());
  }
  script.recognize();
  CHECK(script.seen().empty());
  CHECK(script.waiting_for() == WorkerExchange::Step::image);
  script.receive(message.substr(half));
  script.receive("A" + size);
  CHECK(script.seen() == "[20 ms]" + plain_result + "A");
}

TEST_CASE("a size message says how long the client waits") {
  const WorkerExchange::Clock::time_point start(std::chrono::hours(1));
  Script script;
  script.set_time(start);
  script.receive(data_message("hello") + data_message("8;timeout_ms=1500"));
  script.set_time(start + std::chrono::hours(1));
  script.receive(image + "A");
  CHECK(script.wanted_until() == start + std::chrono::milliseconds(1500));
  script.receive(size + image);
  CHECK(script.wanted_until() == std::nullopt);
}

TEST_CASE("a size message may request a thumbnail, for its own image only") {
  Script script;
  script.receive(data_message("hello") + data_message("8;thumbnail=96") + image);
  CHECK(script.seen().ends_with("AA[recognize foobar 5 96 px]" + extended_result));
  script.receive("A" + size + image);
  CHECK(script.seen() == "AA[recognize foobar 5]" + extended_result);
}

TEST_CASE("images being received share a limit, and an announced length doesn't count") {
  const std::string busy = "A[20 ms]" + data_message("error:busy");
  ByteBudget budget(10, std::chrono::seconds(5));
  const WorkerExchange::Limits limits{.image_bytes_max = 100, .receiving = &budget};
  Script announcing(limits), receiving(limits), other(limits);
  announcing.receive(data_message("100"));
  receiving.receive(size + image.substr(0, 10));
  CHECK(budget.used_bytes() == 6);

  SECTION("an image that exceeds it is read to its end and answered busy") {
    other.receive(size + image.substr(0, 10));
    CHECK(budget.used_bytes() == 6);
    other.receive(image.substr(10));
    CHECK(other.seen() == "A" + busy);
    receiving.receive(image.substr(10));
    CHECK(receiving.seen() == "AA[recognize foobar 5][20 ms]" + plain_result);
    CHECK(budget.used_bytes() == 0);
    other.receive("A" + size + image);
    CHECK(other.seen() == "AA[recognize foobar 5][20 ms]" + plain_result);
  }
  SECTION("an image that exceeds it in one piece is answered busy too") {
    other.receive(size + image);
    CHECK(other.seen() == "A" + busy);
  }
  SECTION("a damaged image returns its bytes") {
    receiving.receive(damaged(image).substr(10));
    CHECK(receiving.seen() == "AN");
    CHECK(budget.used_bytes() == 0);
  }
  SECTION("an image whose second copy is awaited still holds its bytes") {
    receiving.receive(damaged(image).substr(10) + image);
    CHECK(budget.used_bytes() == 6);
    receiving.time_out();
    CHECK(budget.used_bytes() == 0);
  }
  SECTION("an image that is slow makes room for others") {
    other.set_time(WorkerExchange::Clock::time_point(std::chrono::milliseconds(5001)));
    other.receive(size + image);
    CHECK(other.seen() == "AA[recognize foobar 5][20 ms]" + plain_result);
    receiving.receive(image.substr(10));
    CHECK(receiving.seen() == "A" + busy);
  }
  SECTION("an image with a slow second copy makes room for others") {
    receiving.receive(damaged(image).substr(10) + image + image.substr(0, 5));
    other.set_time(WorkerExchange::Clock::time_point(std::chrono::milliseconds(5001)));
    other.receive(size + image);
    CHECK(other.seen() == "AA[recognize foobar 5][20 ms]" + plain_result);
    receiving.receive(image.substr(5));
    CHECK(receiving.seen() == "ANA[20 ms]" + data_message("error:busy"));
  }
  SECTION("a connection that ends returns its bytes") {
    {
      Script ending(limits);
      ending.receive(size + image.substr(0, 6));
      CHECK(budget.used_bytes() == 9);
    }
    CHECK(budget.used_bytes() == 6);
  }
}
