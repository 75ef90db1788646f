#include "samoyed/protocol/client_exchange.hpp"

#include <catch2/catch.hpp>

#include "samoyed/protocol/errc.hpp"
#include "samoyed/protocol/limits.hpp"
#include "support/bytes.hpp"

using namespace samoyed::protocol;
using namespace std::string_literals;
using samoyed::test::as_bytes;

namespace {

const EncodedImage image(as_bytes("foobar"));
const std::string size = data_message("8");
const std::string result = data_message("Samoyed:0.93");

std::string damaged(std::string message) {
  message.back() = message.back() == '1' ? '2' : '1';
  return message;
}

std::string describe(const Result& end) {
  if (const auto* refusal = std::get_if<Refusal>(&end)) {
    return "refused " + std::string(to_string(refusal->reason));
  }
  const auto& top = std::get<Recognition>(end).top;
  return top.at(0).label + " " + format_probability(top.at(0).probability);
}

/// Runs a ClientExchange and records everything that it does, with its end in brackets.
class Script {
 public:
  explicit Script(Dialect dialect = Dialect::plain, std::optional<int> top = {},
                  std::optional<std::chrono::milliseconds> timeout = {},
                  std::optional<int> thumbnail_side = {}, bool pipelining = false)
      : exchange_(image, dialect, top, timeout, thumbnail_side, pipelining) {
    run();
  }

  void receive(std::string_view bytes) {
    exchange_.received(bytes);
    run();
  }

  std::string seen() { return std::exchange(seen_, {}); }
  bool ended() const { return ended_; }
  bool reusable() const { return reusable_; }
  ClientExchange::Step waiting_for() const { return step_; }
  Progress progress() const { return exchange_.progress(); }

 private:
  void run() {
    while (!ended_) {
      const auto action = exchange_.next();
      if (const auto* read = std::get_if<ClientExchange::Read>(&action)) {
        step_ = read->step;
        return;
      }
      if (const auto* write = std::get_if<ClientExchange::Write>(&action)) {
        seen_ += write->bytes;
        seen_ += write->more;
        continue;
      }
      ended_ = true;
      if (const auto* finished = std::get_if<ClientExchange::Finished>(&action)) {
        seen_ += "[" + describe(finished->result) + "]";
        reusable_ = finished->reusable;
      } else {
        seen_ += "[failed: " + std::get<ClientExchange::Failed>(action).why.message() + "]";
      }
    }
  }

  ClientExchange exchange_;
  ClientExchange::Step step_{};
  std::string seen_;
  bool ended_ = false;
  bool reusable_ = false;
};

void check_every_split(const std::string& stream, const std::string& expected) {
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    INFO("split at " << split);
    Script script;
    script.receive(stream.substr(0, split));
    if (!script.ended()) script.receive(stream.substr(split));
    CHECK(script.seen() == expected);
  }
}

const std::string sent = size + std::string(image.message());

}  // namespace

TEST_CASE("an encoded image is one whole message") {
  CHECK(image.message() == "D Zm9vYmFy -0764");
  CHECK(image.text_length() == 8);
  CHECK(image.file_bytes() == 6);
  CHECK(EncodedImage({}).message() == "D  -0001");
  // Encoded in several pieces.
  const std::string large(100000, 'x');
  const EncodedImage in_pieces(as_bytes(large));
  const std::string_view message = in_pieces.message();
  CHECK(message == data_message(message.substr(2, in_pieces.text_length())));
}

TEST_CASE("every attempt to send an image writes the same buffer without copying it") {
  for (const Dialect dialect : {Dialect::plain, Dialect::extended}) {
    ClientExchange exchange(image, dialect, std::nullopt);
    exchange.next();
    for (const std::string_view answer : {"A", "N", "N"}) {
      exchange.received(answer);
      const auto action = exchange.next();
      const auto* write = std::get_if<ClientExchange::Write>(&action);
      REQUIRE(write);
      CHECK(write->bytes.data() == image.message().data());
      CHECK(write->bytes.size() == image.message().size());
      CHECK(std::holds_alternative<ClientExchange::Read>(exchange.next()));
    }
  }
}

TEST_CASE("an exchange ends with the result and its A, at every split of the answers") {
  check_every_split("AA" + result, sent + "A[Samoyed 0.93]");
}

TEST_CASE("nothing is written before its turn") {
  Script script;
  CHECK(script.seen() == size);
  CHECK(script.waiting_for() == ClientExchange::Step::size_answer);
  CHECK(script.progress() == Progress::nothing_answered);
  script.receive("A");
  CHECK(script.seen() == image.message());
  CHECK(script.waiting_for() == ClientExchange::Step::image_answer);
  CHECK(script.progress() == Progress::image_sent);
  script.receive("A");
  CHECK(script.seen().empty());
  CHECK(script.waiting_for() == ClientExchange::Step::result);
  script.receive(result);
  CHECK(script.seen() == "A[Samoyed 0.93]");
}

TEST_CASE("a connection is reusable only if it began with hello") {
  const std::string json_result = data_message(
      R"({"top":[{"label":"Samoyed","probability":0.93,"class":258}],"width":2,"height":1})");
  Script extended(Dialect::extended);
  extended.receive("AA" + json_result);
  CHECK(extended.seen() == sent + "A[Samoyed 0.93]");
  CHECK(extended.reusable());
  Script plain;
  plain.receive("AA" + result);
  CHECK(plain.seen() == sent + "A[Samoyed 0.93]");
  CHECK_FALSE(plain.reusable());
}

TEST_CASE("with pipelining an image follows its size immediately") {
  Script script(Dialect::extended, {}, {}, {}, /*pipelining=*/true);
  CHECK(script.seen() == sent);
  CHECK(script.waiting_for() == ClientExchange::Step::size_answer);
  CHECK(script.progress() == Progress::nothing_answered);
  script.receive("A");
  CHECK(script.seen().empty());
  CHECK(script.waiting_for() == ClientExchange::Step::image_answer);
  CHECK(script.progress() == Progress::image_sent);
  script.receive("N");
  CHECK(script.seen() == image.message());
  script.receive("A");
  CHECK(script.waiting_for() == ClientExchange::Step::result);
}

TEST_CASE("a refused size ends an exchange with pipelining") {
  Script script(Dialect::extended, {}, {}, {}, /*pipelining=*/true);
  script.receive("N");
  CHECK(script.seen() ==
        sent + "[failed: " + make_error_code(Errc::pipelined_refused).message() + "]");
}

TEST_CASE("a refused message is sent again after each refusal, up to a limit") {
  check_every_split("NANA" + result, size + size + std::string(image.message()) +
                                         std::string(image.message()) + "A[Samoyed 0.93]");
  check_every_split(
      "NNNN", size + size + size + size + "[failed: the same message was refused too many times]");
  check_every_split("ANNNNN", sent + std::string(image.message()) + std::string(image.message()) +
                                  std::string(image.message()) +
                                  "[failed: the same message was refused too many times]");
}

TEST_CASE("each message of either side may be refused up to the limit") {
  const std::string picture(image.message());
  const std::string bad = damaged(result);
  check_every_split(
      "NNNA"
      "NNNA" +
          bad + bad + bad + result,
      size + size + size + size + picture + picture + picture + picture + "NNNA[Samoyed 0.93]");
}

TEST_CASE("a damaged result is requested again, up to a limit") {
  check_every_split("AA" + damaged(result) + result, sent + "NA[Samoyed 0.93]");
  check_every_split("AA" + damaged(result) + damaged(result) + damaged(result) + damaged(result),
                    sent + "NNN[failed: the same message was refused too many times]");
}

TEST_CASE("an error result is a result") {
  check_every_split("AA" + data_message("error:busy"), sent + "A[refused busy]");
}

TEST_CASE("answers that violate the protocol fail the exchange") {
  check_every_split("HTTP/1.1 400 Bad Request",
                    size + "[failed: the peer doesn't speak the D/A/N protocol]");
  check_every_split("AH", sent + "[failed: the peer doesn't speak the D/A/N protocol]");
  check_every_split("A" + result, sent + "[failed: the peer sent an unexpected message]");
  check_every_split("AAA", sent + "[failed: the peer sent an unexpected message]");
  check_every_split("AA" + data_message("nonsense"),
                    sent + "[failed: the peer sent a result that can't be parsed]");
}

TEST_CASE("a connection with bytes left over can't be reused") {
  Script script(Dialect::extended);
  script.receive(
      "AA" +
      data_message(R"({"top":[{"label":"Samoyed","probability":0.93}],"width":2,"height":1})") +
      "A");
  CHECK(script.seen() == sent + "A[Samoyed 0.93]");
  CHECK_FALSE(script.reusable());
}

TEST_CASE("options and JSON belong to the extended dialect") {
  const std::chrono::milliseconds timeout{1500};
  Script plain(Dialect::plain, 10, timeout, 96);
  CHECK(plain.seen() == size);
  CHECK(Script(Dialect::extended, {}, timeout).seen() == data_message("8;timeout_ms=1500"));
  CHECK(Script(Dialect::extended, 10, timeout).seen() == data_message("8;top=10;timeout_ms=1500"));
  CHECK(Script(Dialect::extended, {}, {}, 96).seen() == data_message("8;thumbnail=96"));
  Script extended(Dialect::extended, 10);
  CHECK(extended.seen() == data_message("8;top=10"));
  extended.receive(
      "AA" +
      data_message(R"({"top":[{"label":"Samoyed","probability":0.93}],"width":2,"height":1})"));
  CHECK(extended.seen() == std::string(image.message()) + "A[Samoyed 0.93]");
}

namespace {

std::string greet(std::string_view first, std::string_view second) {
  ClientGreeting greeting;
  std::string seen;
  const auto run = [&] {
    while (true) {
      const auto action = greeting.next();
      if (std::holds_alternative<ClientGreeting::Read>(action)) return false;
      if (const auto* write = std::get_if<ClientGreeting::Write>(&action)) {
        seen += write->bytes;
        continue;
      }
      if (const auto* greeted = std::get_if<Greeted>(&action)) {
        seen += greeted->hello ? "[" + greeted->hello->model + "]" : "[reference server]";
      } else {
        seen += "[failed: " + std::get<ClientGreeting::Failed>(action).why.message() + "]";
      }
      return true;
    }
  };
  bool ended = run();
  for (const auto piece : {first, second}) {
    if (ended) break;
    greeting.received(piece);
    ended = run();
  }
  return seen;
}

void check_greeting(const std::string& stream, const std::string& expected) {
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    INFO("split at " << split);
    CHECK(greet(stream.substr(0, split), stream.substr(split)) == data_message("hello") + expected);
  }
}

}  // namespace

TEST_CASE("a greeting distinguishes our workers from reference servers, at every split") {
  const std::string reply = data_message(format_hello({"squeezenet1_1", 1000, true, 100, false}));
  check_greeting(reply, "[squeezenet1_1]");
  check_greeting("A", "[reference server]");
  check_greeting("N" + reply, data_message("hello") + "[squeezenet1_1]");
  check_greeting(damaged(reply) + reply, "N[squeezenet1_1]");
  const std::string bad = damaged(reply);
  check_greeting(bad + bad + bad + reply, "NNN[squeezenet1_1]");
  check_greeting(bad + bad + bad + bad, "NNN[failed: the same message was refused too many times]");
  check_greeting("HTTP", "[failed: the peer doesn't speak the D/A/N protocol]");
  CHECK(greet(reply + "A", "") ==
        data_message("hello") + "[failed: the peer sent a reply to hello that can't be parsed]");
  check_greeting(data_message("{}"),
                 "[failed: the peer sent a reply to hello that can't be parsed]");
  const std::string longest(model_name_bytes_max, 'm');
  check_greeting(data_message(format_hello({longest, 1000, true, 100, false})),
                 "[" + longest + "]");
  check_greeting(data_message(format_hello({longest + "m", 1000, true, 100, false})),
                 "[failed: the peer's reply to hello names a model with more than 256 bytes]");
  check_greeting("NNNN", data_message("hello") + data_message("hello") + data_message("hello") +
                             "[failed: the same message was refused too many times]");
}
