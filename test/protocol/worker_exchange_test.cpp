#include "samoyed/protocol/worker_exchange.hpp"

#include <optional>

#include <catch2/catch.hpp>

#include "samoyed/protocol/encoded_image.hpp"
#include "samoyed/protocol/errc.hpp"
#include "samoyed/protocol/message.hpp"
#include "support/bytes.hpp"

using namespace samoyed::protocol;
using namespace std::string_literals;
using samoyed::test::as_bytes;
using samoyed::test::as_text;

namespace {

const Recognition samoyed_result{
    .top = {{"Samoyed", 258, 0.93}}, .width = 2, .height = 1, .times = {}};
const WorkerHello hello_reply{"squeezenet1_1", 1000, true, 100, false};

/// Runs a WorkerExchange and writes down all that it does: what it writes as it is, the rest in
/// brackets.
class Script {
 public:
  explicit Script(WorkerExchange::Limits limits = {.image_bytes_max = 100}) : exchange_(limits) {
    run();
  }
  /// One whose recognitions end only when it is told.
  static Script slow(WorkerExchange::Limits limits = {.image_bytes_max = 100}) {
    return Script(limits, true);
  }

  void receive(std::string_view bytes) {
    exchange_.received(bytes);
    run();
  }
  void time_out() {
    exchange_.timed_out();
    run();
  }
  void end(std::error_code why = {}) {
    exchange_.ended(why);
    recognizing_ = false;
    run();
  }

  void recognize() {
    recognizing_ = false;
    exchange_.recognized(samoyed_result);
    run();
  }
  /// The time from now on.
  void set_time(WorkerExchange::Clock::time_point now) { now_ = now; }

  /// What was done since the last call.
  std::string seen() { return std::exchange(seen_, {}); }
  bool closed() const { return closed_; }
  WorkerExchange::Step waiting_for() const { return step_; }
  bool takes_early_bytes() const { return exchange_.takes_early_bytes(); }
  std::optional<WorkerExchange::Clock::time_point> wanted_until() const { return wanted_until_; }

 private:
  Script(WorkerExchange::Limits limits, bool slow) : slow_(slow), exchange_(limits) { run(); }

  void run() {
    while (!closed_ && !recognizing_) {
      auto action = exchange_.next(hello_reply, now_);
      if (const auto* read = std::get_if<WorkerExchange::Read>(&action)) {
        step_ = read->step;
        return;
      }
      if (const auto* write = std::get_if<WorkerExchange::Write>(&action)) {
        if (write->pause.count() > 0) seen_ += "[" + std::to_string(write->pause.count()) + " ms]";
        seen_ += write->bytes;
      } else if (auto* image = std::get_if<WorkerExchange::Recognize>(&action)) {
        seen_ += "[recognize " + std::string(as_text(image->image_file)) + " " +
                 std::to_string(image->top) + "]";
        wanted_until_ = image->wanted_until;
        recognizing_ = slow_;
        if (!slow_) exchange_.recognized(samoyed_result);
      } else {
        const auto why = std::get<WorkerExchange::Close>(action).why;
        seen_ += why ? "[closed: " + why.message() + "]" : "[closed]";
        closed_ = true;
      }
    }
  }

  const bool slow_ = false;
  bool recognizing_ = false;
  WorkerExchange exchange_;
  WorkerExchange::Clock::time_point now_;
  std::optional<WorkerExchange::Clock::time_point> wanted_until_;
  WorkerExchange::Step step_{};
  std::string seen_;
  bool closed_ = false;
};

std::string image_message(std::string_view file) {
  return std::string(EncodedImage(as_bytes(file)).message());
}

std::string damaged(std::string message) {
  message.back() = message.back() == '1' ? '2' : '1';
  return message;
}

const std::string size = data_message("8");
const std::string image = image_message("foobar");
const std::string plain_result = data_message("Samoyed:0.93");
const std::string extended_result = data_message(format_result(samoyed_result, Dialect::extended));

/// Feeds a client's whole stream in two pieces at every split point, and byte by byte.
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
  check_every_split(size + image + "A", "AA[recognize foobar 5][5 ms]" + plain_result);
}

TEST_CASE("a connection carries one exchange after another, at every split") {
  const std::string once = "AA[recognize foobar 5][5 ms]" + plain_result;
  check_every_split(size + image + "A" + size + image + "A", once + once);
}

TEST_CASE("after hello, results are JSON without a gap and sizes carry options, at every split") {
  check_every_split(
      data_message("hello") + data_message("8;top=3") + image + "A",
      data_message(format_hello(hello_reply)) + "AA[recognize foobar 3]" + extended_result);
}

TEST_CASE("a refused size is sent twice by a reference client and used once, at every split") {
  check_every_split(damaged(size) + size + size + image + "A",
                    "NAA[recognize foobar 5][5 ms]" + plain_result);
  check_every_split(damaged(size) + damaged(size) + size + size + size + image + "A",
                    "NNAA[recognize foobar 5][5 ms]" + plain_result);
}

TEST_CASE("a refused image is sent twice by a reference client and used once, at every split") {
  check_every_split(size + damaged(image) + image + image + "A" + size + image + "A",
                    "ANA[recognize foobar 5][5 ms]" + plain_result +
                        "AA[recognize foobar 5][5 ms]" + plain_result);
}

TEST_CASE("the second copy of an image is awaited before the result is written") {
  Script script;
  script.receive(size + damaged(image) + image);
  CHECK(script.seen() == "ANA");
  CHECK(script.waiting_for() == WorkerExchange::Step::second_copy);
  script.receive(image.substr(0, 5));
  CHECK(script.waiting_for() == WorkerExchange::Step::image);
  script.receive(image.substr(5));
  CHECK(script.seen() == "[recognize foobar 5][5 ms]" + plain_result);
}

TEST_CASE("a client that sends a refused image once gets its result after the wait") {
  Script script;
  script.receive(size + damaged(image) + image);
  script.time_out();
  CHECK(script.seen() == "ANA[recognize foobar 5][5 ms]" + plain_result);
  SECTION("and goes on") {
    script.receive("A" + size);
    CHECK(script.seen() == "A");
  }
  SECTION("and a copy that is merely late is dropped") {
    script.receive(image + "A" + size);
    CHECK(script.seen() == "A");
  }
}

TEST_CASE("after hello nobody waits for second copies") {
  Script script;
  script.receive(data_message("hello") + size + damaged(image) + image);
  CHECK(script.seen() ==
        data_message(format_hello(hello_reply)) + "ANA[recognize foobar 5]" + extended_result);
}

TEST_CASE("a refused result and a refused hello reply are sent again, a few times") {
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

TEST_CASE("a message that stays damaged ends the connection") {
  const std::string too_often = "[closed: the same message was refused too many times]";
  check_every_split(damaged(size) + damaged(size) + damaged(size) + damaged(size),
                    "NNN" + too_often);
  check_every_split(size + damaged(image) + damaged(image) + damaged(image) + damaged(image),
                    "ANNN" + too_often);
}

TEST_CASE(
    "a size that is no number is acknowledged and the connection ends, as at a reference server") {
  for (const std::string payload : {"abc", "-8", "8;top=5", ""}) {
    INFO(payload);
    check_every_split(data_message(payload), "A[closed: a size message that holds no number]");
  }
  check_every_split(size + image + "A" + data_message("hello"),
                    "AA[recognize foobar 5][5 ms]" + plain_result +
                        "A[closed: a size message that holds no number]");
}

TEST_CASE("what can't be recognised is refused after the image's A") {
  SECTION("an unknown option") {
    check_every_split(
        data_message("hello") + data_message("8;best=1") + image + "A",
        data_message(format_hello(hello_reply)) + "AA" +
            data_message(
                R"({"error":"bad option","detail":"The options of a size are top, from 1 to 1000, and timeout_ms, at least 1."})"));
  }
  SECTION("text that is no base64") {
    check_every_split(size + data_message("Zm9v*mFy") + "A",
                      "AA[5 ms]" + data_message("error:bad encoding"));
  }
  SECTION("an image over the limit is read to its end and dropped") {
    const std::string large(120, 'x');
    check_every_split(data_message("160") + image_message(large) + "A" + size + image + "A",
                      "AA[5 ms]" + data_message("error:too large") +
                          "AA[recognize foobar 5][5 ms]" + plain_result);
  }
  SECTION("a damaged image over the limit is sent again first") {
    const std::string large = image_message(std::string(120, 'x'));
    check_every_split(data_message("160") + damaged(large) + large + large + "A",
                      "ANA[5 ms]" + data_message("error:too large"));
  }
}

TEST_CASE("the limit on an image is exact, and far beyond it the connection ends") {
  Script largest;
  largest.receive(data_message("136") + image_message(std::string(100, 'x')));
  CHECK(largest.seen().starts_with("AA[recognize xxx"));
  for (const std::size_t bytes : {101, 102}) {
    Script larger;
    larger.receive(data_message("136") + image_message(std::string(bytes, 'x')));
    CHECK(larger.seen() == "AA[5 ms]" + data_message("error:too large"));
  }
  Script drained;
  drained.receive(data_message(std::to_string(136 * drain_factor)));
  CHECK(drained.seen() == "A");
  for (const std::string length : {"680", "18446744073709551615"}) {
    Script script;
    script.receive(data_message(length));
    CHECK(script.seen() == "[closed: an announced image far beyond the limit]");
  }
}

TEST_CASE("an empty image is the recognizer's to refuse") {
  check_every_split(data_message("0") + image_message("") + "A",
                    "AA[recognize  5][5 ms]" + plain_result);
}

TEST_CASE("bytes of another protocol end the connection at once") {
  for (const std::string& bytes : {"GET / HTTP/1.1\r\n\r\n"s, "\x16\x03\x01"s, "\0\0\0\0"s}) {
    check_every_split(bytes, "[closed: the peer doesn't speak the D/A/N protocol]");
  }
  for (const std::string& bytes : {"A"s, "N"s, "NOTIFY * HTTP/1.1"s}) {
    check_every_split(bytes, "[closed: a message that may not come now]");
  }
  check_every_split(size + "GET / HTTP/1.1",
                    "A[closed: the peer doesn't speak the D/A/N protocol]");
  check_every_split(size + image + size, "AA[recognize foobar 5][5 ms]" + plain_result +
                                             "[closed: a message that may not come now]");
}

TEST_CASE("a peer may end between exchanges and nowhere else") {
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
          (between ? "[closed]" : "[closed: the peer closed in the middle of an exchange]"));
  }
  Script script;
  script.end(std::make_error_code(std::errc::connection_reset));
  CHECK(script.seen() == "[closed: Connection reset by peer]");
}

TEST_CASE("a peer that stalls is ended, one that rests between images without a complaint") {
  Script silent;
  silent.time_out();
  CHECK(silent.seen() == "[closed: the peer took too long]");
  const std::string stream = size + image + "A";
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    Script script;
    script.receive(stream.substr(0, cut));
    script.seen();
    script.time_out();
    CHECK(script.seen() == "[closed: the peer took too long]");
  }
  Script resting;
  resting.receive(stream);
  resting.seen();
  resting.time_out();
  CHECK(resting.seen() == "[closed]");
}

TEST_CASE("a peer that leaves during the recognition is noticed") {
  Script script = Script::slow();
  script.receive(size + image);
  script.seen();
  SECTION("with an end") {
    script.end();
    CHECK(script.seen() == "[closed: the peer closed in the middle of an exchange]");
  }
  SECTION("with a reset") {
    script.end(std::make_error_code(std::errc::connection_reset));
    CHECK(script.seen() == "[closed: Connection reset by peer]");
  }
}

TEST_CASE("what a peer sends before its result is kept, up to a limit") {
  const std::string once = "AA[recognize foobar 5]";
  Script script = Script::slow();
  script.receive(size + image);
  script.receive("A" + size);
  script.receive(image);
  CHECK(script.takes_early_bytes());
  CHECK(script.seen() == once);
  script.recognize();
  CHECK(script.seen() == "[5 ms]" + plain_result + once);
  script.receive(std::string(early_bytes_max - 1, 'x'));
  CHECK(script.takes_early_bytes());
  script.receive("x");
  CHECK_FALSE(script.takes_early_bytes());
  script.recognize();
  CHECK(script.seen() ==
        "[5 ms]" + plain_result + "[closed: the peer doesn't speak the D/A/N protocol]");
}

TEST_CASE("a late second copy is dropped while the image is recognised") {
  const std::string large(3 * early_bytes_max, 'x');
  const std::string message = image_message(large);
  Script script = Script::slow({.image_bytes_max = large.size()});
  script.receive(data_message(std::to_string(message.size() - data_overhead_bytes)));
  script.receive(damaged(message) + message);
  script.time_out();
  CHECK(script.seen() == "ANA[recognize " + large + " 5]");
  for (const char c : message) {
    script.receive({&c, 1});
    REQUIRE(script.takes_early_bytes());
  }
  script.recognize();
  script.receive("A" + size);
  CHECK(script.seen() == "[5 ms]" + plain_result + "A");
}

TEST_CASE("a size says until when its sender waits") {
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

TEST_CASE("images that are being received share a bound, of which an announcement takes nothing") {
  const std::string busy = "A[5 ms]" + data_message("error:busy");
  ByteBudget budget(10);
  const WorkerExchange::Limits limits{.image_bytes_max = 100, .receiving = &budget};
  Script announcing(limits), receiving(limits), other(limits);
  announcing.receive(data_message("100"));
  receiving.receive(size + image.substr(0, 10));
  CHECK(budget.used_bytes() == 6);

  SECTION("what exceeds it is read to its end and answered busy") {
    other.receive(size + image.substr(0, 10));
    CHECK(budget.used_bytes() == 6);
    other.receive(image.substr(10));
    CHECK(other.seen() == "A" + busy);
    receiving.receive(image.substr(10));
    CHECK(receiving.seen() == "AA[recognize foobar 5][5 ms]" + plain_result);
    CHECK(budget.used_bytes() == 0);
    other.receive("A" + size + image);
    CHECK(other.seen() == "AA[recognize foobar 5][5 ms]" + plain_result);
  }
  SECTION("also if it comes in one piece") {
    other.receive(size + image);
    CHECK(other.seen() == "A" + busy);
  }
  SECTION("a damaged image gives back what it held") {
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
  SECTION("a connection that ends gives back what it held") {
    {
      Script ending(limits);
      ending.receive(size + image.substr(0, 6));
      CHECK(budget.used_bytes() == 9);
    }
    CHECK(budget.used_bytes() == 6);
  }
}
