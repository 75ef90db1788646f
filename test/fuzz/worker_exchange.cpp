// Whatever a client sends, however it is split and wherever it stops: the worker's side answers
// with messages of the protocol, does no work without a cause, and terminates.

#include "samoyed/protocol/worker_exchange.hpp"

#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "fuzz/check.hpp"
#include "fuzz/script.hpp"
#include "samoyed/protocol/message.hpp"

namespace samoyed::fuzz {
namespace {

using namespace protocol;

constexpr WorkerExchange::Limits limits{.image_bytes_max = 96};
const WorkerHello hello{"fuzzed", 2, true, limits.image_bytes_max, false, true};

/// Does what a worker does around a WorkerExchange, without a network.
class Shell {
 public:
  /// Carries out all actions until the exchange wants to read. Returns false once the connection is
  /// closed.
  bool run() {
    while (true) {
      auto action = exchange.next(now_);
      if (const auto* read = std::get_if<WorkerExchange::Read>(&action)) {
        ask_again_at_ = read->ask_again_at;
        return true;
      }
      if (const auto* to_write = std::get_if<WorkerExchange::Write>(&action)) {
        check_write(to_write->bytes);
        transcript.push_back(to_write->bytes);
      } else if (const auto* to_recognize = std::get_if<WorkerExchange::Recognize>(&action)) {
        recognize(*to_recognize);
      } else {
        check(std::holds_alternative<WorkerExchange::Close>(exchange.next()),
              "a closed exchange stays closed");
        return false;
      }
    }
  }

  /// Reports that the read has timed out.
  void time_out() {
    if (!ask_again_at_) {
      exchange.timed_out();
      return;
    }
    check(*ask_again_at_ > now_, "ask_again_at is in the future");
    now_ = *ask_again_at_;
  }

  WorkerExchange exchange{limits, [] { return hello; }};
  /// What was written and recognized, in order.
  std::vector<std::string> transcript;

 private:
  static void check_write(const std::string& bytes) {
    if (bytes == "A" || bytes == "N") return;
    MessageReader reader(result_text_bytes_max);
    reader.append(bytes);
    const Message message = reader.next();
    const auto* text = std::get_if<TextMessage>(&message);
    check(text != nullptr && text->intact && reader.unread().empty(), "a write is one message");
    const bool understood = parse_hello(text->payload) ||
                            parse_result(text->payload, Dialect::plain) ||
                            parse_result(text->payload, Dialect::extended);
    check(understood, "a client can parse what is written");
  }

  void recognize(const WorkerExchange::Recognize& image) {
    check(image.image_file.size() <= limits.image_bytes_max, "an image is within its limit");
    check(image.top >= 1 && image.top <= top_max, "top is within its limits");
    transcript.push_back("recognize " + std::to_string(image.top) + " " +
                         std::string(reinterpret_cast<const char*>(image.image_file.data()),
                                     image.image_file.size()));
    Recognition recognition;
    recognition.top = {{"a dog", 0, 0.75}, {"a cat", 1, 0.25}};
    exchange.recognized(recognition);
  }

  WorkerExchange::Clock::time_point now_;
  std::optional<WorkerExchange::Clock::time_point> ask_again_at_;
};

}  // namespace
}  // namespace samoyed::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  Script script(as_text(data, size));
  // Each byte and each timeout causes at most an answer or an image's result.
  const std::size_t actions_max = 2 * (script.stream().size() + script.step_count()) + 2;
  Shell shell;
  bool open = shell.run();
  while (open) {
    const auto event = script.next();
    if (event == Script::Event::piece) shell.exchange.received(script.piece());
    if (event == Script::Event::timed_out) shell.time_out();
    if (event == Script::Event::ended) shell.exchange.ended({});
    if (event == Script::Event::broken) {
      shell.exchange.ended(std::make_error_code(std::errc::connection_reset));
    }
    open = shell.run();
    check(shell.transcript.size() <= actions_max, "every action has a cause");
    check(!open || event == Script::Event::piece || event == Script::Event::timed_out,
          "the exchange ends at the end of the stream");
  }
  if (!script.only_pieces()) return 0;
  Shell at_once;
  if (at_once.run()) at_once.exchange.received(script.stream());
  if (at_once.run()) at_once.exchange.ended({});
  at_once.run();
  check(shell.transcript == at_once.transcript, "every split gives the same answers");
  return 0;
}
