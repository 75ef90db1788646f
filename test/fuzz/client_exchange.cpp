// Whatever a peer answers to a client, and however the answer is split: the client sends only
// messages of the protocol, does nothing without a cause, and terminates.

#include "samoyed/protocol/client_exchange.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/check.hpp"
#include "fuzz/script.hpp"
#include "samoyed/protocol/encoded_image.hpp"

namespace samoyed::fuzz {
namespace {

using namespace protocol;

/// What was written and how the exchange ended.
struct Transcript {
  std::vector<std::string> writes;
  std::string end;

  bool operator==(const Transcript&) const = default;
};

std::string describe(const Result& result) {
  if (const auto* recognition = std::get_if<Recognition>(&result)) {
    check(!recognition->top.empty() && recognition->top.size() <= top_max, "an answer has labels");
    for (const RankedLabel& ranked : recognition->top) {
      check(ranked.probability >= 0 && ranked.probability <= 1, "a probability is in 0..1");
    }
  }
  return "finished: " + format_result(result, Dialect::extended);
}

/// Carries out one action of an exchange or a greeting. Returns true if it was a Read.
template <typename Exchange>
bool step(Exchange& exchange, Transcript& transcript) {
  const auto action = exchange.next();
  if (std::holds_alternative<typename Exchange::Read>(action)) return true;
  if (const auto* to_write = std::get_if<typename Exchange::Write>(&action)) {
    check(!to_write->bytes.empty(), "a write has bytes");
    transcript.writes.emplace_back(to_write->bytes);
  } else if (const auto* failed = std::get_if<typename Exchange::Failed>(&action)) {
    check(static_cast<bool>(failed->why), "a failure has a reason");
    transcript.end = "failed";
  } else if constexpr (std::is_same_v<Exchange, ClientExchange>) {
    transcript.end = describe(std::get<ClientExchange::Finished>(action).result);
  } else {
    const auto& hello = std::get<Greeted>(action).hello;
    transcript.end = hello ? format_hello(*hello) : "greeted";
  }
  return false;
}

/// Plays the script's peer until the exchange or the script ends.
template <typename Exchange>
Transcript play(Exchange& exchange, Script& script) {
  const std::size_t writes_max = script.stream().size() + script.step_count() + 2;
  Transcript transcript;
  while (transcript.end.empty()) {
    if (step(exchange, transcript)) {
      if (script.next() != Script::Event::piece) break;
      exchange.received(script.piece());
    }
    check(transcript.writes.size() <= writes_max, "every write has a cause");
  }
  return transcript;
}

}  // namespace
}  // namespace samoyed::fuzz

/// The first byte chooses between an exchange and a greeting, and sets the exchange's options.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  if (size == 0) return 0;
  const unsigned choice = data[0];
  const std::string_view input = as_text(data + 1, size - 1);
  const std::string at_once_input = std::string(1, '\0') + std::string(Script(input).stream());
  Script script(input);
  Script at_once(at_once_input);

  if ((choice & 1U) != 0) {
    // Unlike an exchange, a greeting looks at the bytes after its end, so a split may matter to it.
    ClientGreeting greeting;
    play(greeting, script);
    return 0;
  }
  const EncodedImage image(as_bytes(data, 1));
  const auto dialect = (choice & 2U) != 0 ? Dialect::extended : Dialect::plain;
  const auto top = (choice & 4U) != 0 ? std::optional<int>(10) : std::nullopt;
  ClientExchange exchange(image, dialect, top);
  const Transcript transcript = play(exchange, script);
  if (!script.only_pieces()) return 0;
  ClientExchange again(image, dialect, top);
  check(play(again, at_once) == transcript, "every split leads to the same end");
  return 0;
}
