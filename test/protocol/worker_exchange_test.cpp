#include "samoyed/protocol/worker_exchange.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "protocol/worker_exchange_script.hpp"

using namespace samoyed::test;
using namespace std::string_literals;

namespace {

/// Feeds a client's whole stream in two pieces, split at every point, and then byte by byte.
void check_every_split(const std::string& stream, const std::string& expected) {
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    INFO("split at " << split);
    Script script;
    script.receive(stream.substr(0, split));
    if (!script.closed()) script.receive(stream.substr(split));
    CHECK(script.seen() == expected);
  }
  Script bytewise;
  for (std::size_t i = 0; i < stream.size() && !bytewise.closed(); ++i) {
    bytewise.receive(stream.substr(i, 1));
  }
  CHECK(bytewise.seen() == expected);
}

}  // namespace

TEST_CASE("a reference client's exchange, at every split") {
  check_every_split(size + image + "A", "AA[recognize foobar 5][20 ms]" + plain_result);
}

TEST_CASE("a connection carries one exchange after another, at every split") {
  const std::string once = "AA[recognize foobar 5][20 ms]" + plain_result;
  check_every_split(size + image + "A" + size + image + "A", once + once);
}

TEST_CASE("after hello, results are JSON without a gap and sizes carry options, at every split") {
  check_every_split(
      data_message("hello") + data_message("8;top=3") + image + "A",
      data_message(format_hello(hello_reply)) + "AA[recognize foobar 3]" + extended_result);
}

TEST_CASE("the worker describes itself once per hello and never without one") {
  Script plain;
  plain.receive(size + image + "A" + size + image + "A");
  CHECK(plain.described() == 0);
  Script greeted;
  greeted.receive(data_message("hello") + "N" + size + image + "A" + size);
  CHECK(greeted.described() == 1);
}

TEST_CASE("a refused size is sent twice by a reference client and used once, at every split") {
  check_every_split(damaged(size) + size + size + image + "A",
                    "NAA[recognize foobar 5][20 ms]" + plain_result);
  check_every_split(damaged(size) + damaged(size) + size + size + size + image + "A",
                    "NNAA[recognize foobar 5][20 ms]" + plain_result);
}

TEST_CASE("a refused image is sent twice by a reference client and used once, at every split") {
  check_every_split(size + damaged(image) + image + image + "A" + size + image + "A",
                    "ANA[recognize foobar 5][20 ms]" + plain_result +
                        "AA[recognize foobar 5][20 ms]" + plain_result);
}

TEST_CASE("the second copy of an image is awaited before the result is written") {
  Script script;
  script.receive(size + damaged(image) + image);
  CHECK(script.seen() == "ANA");
  CHECK(script.waiting_for() == WorkerExchange::Step::second_copy);
  script.receive(image.substr(0, 5));
  CHECK(script.waiting_for() == WorkerExchange::Step::image);
  script.receive(image.substr(5));
  CHECK(script.seen() == "[recognize foobar 5][20 ms]" + plain_result);
}

TEST_CASE("a client that sends a refused image once gets its result after the wait") {
  Script script;
  script.receive(size + damaged(image) + image);
  script.time_out();
  CHECK(script.seen() == "ANA[recognize foobar 5][20 ms]" + plain_result);
  SECTION("the connection continues") {
    script.receive("A" + size);
    CHECK(script.seen() == "A");
  }
  SECTION("a copy that comes late is dropped") {
    script.receive(image + "A" + size);
    CHECK(script.seen() == "A");
  }
}

TEST_CASE("after hello the worker doesn't wait for second copies") {
  Script script;
  script.receive(data_message("hello") + size + damaged(image) + image);
  CHECK(script.seen() ==
        data_message(format_hello(hello_reply)) + "ANA[recognize foobar 5]" + extended_result);
}

TEST_CASE("a refused result and a refused hello reply are sent again, up to a limit") {
  Script script;
  script.receive(size + image);
  script.seen();
  for (int i = 0; i < refusals_max; ++i) {
    script.receive("N");
    CHECK(script.seen() == plain_result);
  }
  script.receive("N");
  CHECK(script.seen() == "[closed: the same message was refused too many times]");

  Script greeted;
  greeted.receive(data_message("hello"));
  greeted.seen();
  greeted.receive("N");
  CHECK(greeted.seen() == data_message(format_hello(hello_reply)));
  greeted.receive(size);
  CHECK(greeted.seen() == "A");
}

TEST_CASE("each message may be refused up to the limit") {
  const std::string bad_size = damaged(size);
  const std::string bad_image = damaged(image);
  const std::string reply = data_message(format_hello(hello_reply));
  Script script;
  script.receive(data_message("hello") + "NNN");
  CHECK(script.seen() == reply + reply + reply + reply);
  for (int exchange = 0; exchange < 2; ++exchange) {
    script.receive(bad_size + bad_size + bad_size + size);
    CHECK(script.seen() == "NNNA");
    script.receive(bad_image + bad_image + bad_image + image);
    CHECK(script.seen() == "NNNA[recognize foobar 5]" + extended_result);
    script.receive("NNN");
    CHECK(script.seen() == extended_result + extended_result + extended_result);
    script.receive("A");
    CHECK(script.seen().empty());
  }
  Script refused_hello;
  refused_hello.receive(data_message("hello") + "NNN");
  refused_hello.seen();
  refused_hello.receive("N");
  CHECK(refused_hello.seen() == "[closed: the same message was refused too many times]");
}

TEST_CASE("a message that stays damaged ends the connection") {
  const std::string too_often = "[closed: the same message was refused too many times]";
  check_every_split(damaged(size) + damaged(size) + damaged(size) + damaged(size),
                    "NNN" + too_often);
  check_every_split(size + damaged(image) + damaged(image) + damaged(image) + damaged(image),
                    "ANNN" + too_often);
}

TEST_CASE(
    "a size that is not a number is acknowledged and the connection ends, as with a reference "
    "server") {
  for (const std::string payload : {"abc", "-8", "8;top=5", ""}) {
    INFO(payload);
    check_every_split(data_message(payload),
                      "A[closed: the peer sent a size that is not a number]");
  }
  check_every_split(size + image + "A" + data_message("hello"),
                    "AA[recognize foobar 5][20 ms]" + plain_result +
                        "A[closed: the peer sent a size that is not a number]");
}

TEST_CASE("an image that can't be recognized is refused after its A") {
  SECTION("an unknown option") {
    check_every_split(
        data_message("hello") + data_message("8;best=1") + image + "A",
        data_message(format_hello(hello_reply)) + "AA" +
            data_message(
                R"({"error":"bad option","detail":"A size message accepts the options top (1 to 1000), timeout_ms (at least 1) and thumbnail (1 to 256)."})"));
  }
  SECTION("text that is not base64") {
    check_every_split(size + data_message("Zm9v*mFy") + "A",
                      "AA[20 ms]" + data_message("error:bad encoding"));
  }
  SECTION("an image over the limit is read to its end and dropped") {
    const std::string large(120, 'x');
    check_every_split(data_message("160") + image_message(large) + "A" + size + image + "A",
                      "AA[20 ms]" + data_message("error:too large") +
                          "AA[recognize foobar 5][20 ms]" + plain_result);
  }
  SECTION("a damaged image over the limit is sent again first") {
    const std::string large = image_message(std::string(120, 'x'));
    check_every_split(data_message("160") + damaged(large) + large + large + "A",
                      "ANA[20 ms]" + data_message("error:too large"));
  }
}

TEST_CASE("the answer to an image that was refused without recognition has the reason, once") {
  Script script;
  script.receive(data_message("160") + image_message(std::string(120, 'x')));
  CHECK(script.refused() == std::vector{RefusalReason::too_large});
  script.receive("N");  // The client requests the answer again.
  script.receive("A" + size + image + "A");
  CHECK(script.refused().size() == 1);
  script.receive(size + data_message("Zm9v*mFy"));
  CHECK(script.refused() == std::vector{RefusalReason::too_large, RefusalReason::bad_encoding});
}

TEST_CASE("the limit on an image is exact, and far beyond it the connection ends") {
  Script largest;
  largest.receive(data_message("136") + image_message(std::string(100, 'x')));
  CHECK(largest.seen().starts_with("AA[recognize xxx"));
  for (const std::size_t bytes : {101U, 102U}) {
    Script larger;
    larger.receive(data_message("136") + image_message(std::string(bytes, 'x')));
    CHECK(larger.seen() == "AA[20 ms]" + data_message("error:too large"));
  }
  Script drained;
  drained.receive(data_message(std::to_string(136 * drain_factor)));
  CHECK(drained.seen() == "A");
  for (const std::string length : {"680", "18446744073709551615"}) {
    Script script;
    script.receive(data_message(length));
    CHECK(script.seen() == "[closed: the peer announced an image far beyond the limit]");
  }
}

TEST_CASE("an empty image is passed to the recognizer, which may refuse it") {
  check_every_split(data_message("0") + image_message("") + "A",
                    "AA[recognize  5][20 ms]" + plain_result);
}

TEST_CASE("bytes of another protocol end the connection immediately") {
  for (const std::string& bytes : {"GET / HTTP/1.1\r\n\r\n"s, "\x16\x03\x01"s, "\0\0\0\0"s}) {
    check_every_split(bytes, "[closed: the peer doesn't speak the D/A/N protocol]");
  }
  for (const std::string& bytes : {"A"s, "N"s, "NOTIFY * HTTP/1.1"s}) {
    check_every_split(bytes, "[closed: the peer sent an unexpected message]");
  }
  check_every_split(size + "GET / HTTP/1.1",
                    "A[closed: the peer doesn't speak the D/A/N protocol]");
  check_every_split(size + image + size, "AA[recognize foobar 5][20 ms]" + plain_result +
                                             "[closed: the peer sent an unexpected message]");
}

TEST_CASE("a peer may close between exchanges and nowhere else") {
  const std::string stream = data_message("hello") + size + image + "A" + size + image + "A";
  const std::size_t exchange_bytes = size.size() + image.size() + 1;
  const std::size_t hello_bytes = data_message("hello").size();
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    INFO("cut at " << cut);
    Script script;
    script.receive(stream.substr(0, cut));
    script.seen();
    script.end();
    const bool between =
        cut == 0 || (cut >= hello_bytes && (cut - hello_bytes) % exchange_bytes == 0);
    CHECK(script.seen() ==
          (between ? "[closed]"
                   : "[closed: the peer closed the connection in the middle of an exchange]"));
  }
  Script script;
  script.end(std::make_error_code(std::errc::connection_reset));
  CHECK(script.seen() == "[closed: Connection reset by peer]");
}

TEST_CASE("a stalled peer is closed with an error, an idle one between images without an error") {
  Script silent;
  silent.time_out();
  CHECK(silent.seen() == "[closed: the peer took too long]");
  const std::string stream = size + image + "A";
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    Script script;
    script.receive(stream.substr(0, cut));
    script.seen();
    script.time_out();
    CHECK(script.seen() == (cut < stream.size() - 1
                                ? "[closed: the peer took too long]"
                                : "[closed: the peer did not acknowledge its result]"));
  }
  Script resting;
  resting.receive(stream);
  resting.seen();
  resting.time_out();
  CHECK(resting.seen() == "[closed]");
}
