#include <chrono>
#include <string>
#include <system_error>

#include <catch2/catch.hpp>

#include "protocol/worker_exchange_script.hpp"
#include "samoyed/protocol/worker_exchange.hpp"

/// Results that a client without hello doesn't answer immediately.
using namespace samoyed::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const std::string exchange_done = "AA[recognize foobar 5][20 ms]" + plain_result;

/// A client that has sent its image and hasn't answered the result.
struct Unanswered : Script {
  Unanswered() {
    receive(size + image);
    CHECK(seen() == exchange_done);
  }
};

}  // namespace

TEST_CASE(
    "an unanswered result is sent again 1, 2 and 3 s after the first time, and then no more") {
  Unanswered script;
  for (int copy = 1; copy < result_copies_max; ++copy) {
    script.pass(milliseconds(999));
    CHECK(script.seen().empty());
    script.pass(milliseconds(1));
    CHECK(script.seen() == plain_result);
  }
  CHECK(script.repeats() == 3);
  CHECK(script.waiting_for() == WorkerExchange::Step::result_ack);
  CHECK_FALSE(script.ask_again_at());
  script.pass(seconds(100));
  CHECK(script.seen().empty());
  script.time_out();
  CHECK(script.seen() == "[closed: the peer did not acknowledge its result]");
}

TEST_CASE("a worker that was delayed still leaves a second between two copies") {
  Unanswered script;
  script.set_time(WorkerExchange::Clock::time_point(milliseconds(2500)));
  script.receive("");
  CHECK(script.seen() == plain_result);
  script.pass(milliseconds(999));
  CHECK(script.seen().empty());
  script.pass(milliseconds(1));
  CHECK(script.seen() == plain_result);
}

TEST_CASE("an A ends the copies, whenever it arrives") {
  for (int copies = 1; copies <= result_copies_max; ++copies) {
    INFO(copies << " copies");
    Unanswered script;
    script.pass(milliseconds(1000 * copies - 500));
    script.seen();
    script.receive("A");
    CHECK(script.waiting_for() == WorkerExchange::Step::request);
    CHECK_FALSE(script.ask_again_at());
    script.pass(seconds(100));
    CHECK(script.seen().empty());
    script.receive(size + image + "A");
    CHECK(script.seen() == exchange_done);
  }
}

TEST_CASE("each copy may be acknowledged once") {
  Unanswered script;
  script.pass(milliseconds(2500));
  CHECK(script.seen() == plain_result + plain_result);
  SECTION("in one piece") { script.receive("AAA" + size + image + "A"); }
  SECTION("one by one") {
    for (int copy = 0; copy < 3; ++copy) script.receive("A");
    script.receive(size + image + "A");
  }
  SECTION("only some copies") { script.receive("AA" + size + image + "A"); }
  SECTION("followed by a size that is refused") {
    script.receive("AAA" + damaged(size));
    CHECK(script.seen() == "N");
    script.receive(size + size + image + "A");
  }
  CHECK(script.seen() == exchange_done);
  script.receive("A");
  CHECK(script.seen() == "[closed: the peer sent an unexpected message]");
}

TEST_CASE("an N to one of several copies is answered with one more copy and ends the repetition") {
  Unanswered script;
  script.pass(milliseconds(1500));
  CHECK(script.seen() == plain_result);
  SECTION("before an A") {
    script.receive("N");
    CHECK(script.seen() == plain_result);
    script.pass(seconds(100));
    CHECK(script.seen().empty());
    script.receive("AA");
  }
  SECTION("after an A") {
    script.receive("AN");
    CHECK(script.seen() == plain_result);
    script.receive("A");
  }
  CHECK(script.seen().empty());
  script.receive(size + image + "A");
  CHECK(script.seen() == exchange_done);
}

TEST_CASE("too many refusals of a copy after its A end the connection") {
  Unanswered script;
  script.pass(milliseconds(1000));
  script.receive("A");
  script.seen();
  for (int i = 0; i < refusals_max; ++i) {
    script.receive("N");
    CHECK(script.seen() == plain_result);
  }
  script.receive("N");
  CHECK(script.seen() == "[closed: the same message was refused too many times]");
}

TEST_CASE("a client that closes before it has read every copy has ended normally") {
  const auto reset = std::make_error_code(std::errc::connection_reset);
  Unanswered late;
  late.pass(milliseconds(1000));
  late.receive("A");
  late.seen();
  late.end(reset);
  CHECK(late.seen() == "[closed]");
  // A client that was sent only one copy has no excuse for a reset.
  Unanswered prompt;
  prompt.receive("A");
  prompt.end(reset);
  CHECK(prompt.seen() == "[closed: Connection reset by peer]");
}

TEST_CASE("a client that is sending a late copy of its image is sent nothing meanwhile") {
  Script script;
  script.receive(size + damaged(image) + image);
  script.time_out();
  CHECK(script.seen() == "AN" + exchange_done.substr(1));
  script.receive(image.substr(0, 5));
  script.pass(seconds(5));
  CHECK(script.seen().empty());
  script.receive(image.substr(5));
  script.pass(seconds(1));
  CHECK(script.seen() == plain_result);
}

TEST_CASE("an error is repeated like any result, and counted once") {
  Script script;
  script.receive(size + data_message("Zm9v*mFy"));
  script.pass(seconds(1));
  CHECK(script.seen() ==
        "AA[20 ms]" + data_message("error:bad encoding") + data_message("error:bad encoding"));
  CHECK(script.refused() == std::vector{RefusalReason::bad_encoding});
}

TEST_CASE("after hello no result is repeated without an N, and only one A may answer it") {
  Script script;
  script.receive(data_message("hello") + size + image);
  script.seen();
  CHECK_FALSE(script.ask_again_at());
  script.pass(seconds(100));
  CHECK(script.seen().empty());
  script.receive("AA");
  CHECK(script.seen() == "[closed: the peer sent an unexpected message]");
}
