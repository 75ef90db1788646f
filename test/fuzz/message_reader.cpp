// Every split of a stream gives the same messages, and the buffered bytes are limited.

#include "samoyed/protocol/message_reader.hpp"

#include <string>
#include <variant>
#include <vector>

#include "fuzz/check.hpp"
#include "fuzz/script.hpp"
#include "samoyed/protocol/message.hpp"
#include "samoyed/protocol/wire.hpp"

namespace samoyed::fuzz {
namespace {

using namespace protocol;

constexpr std::size_t text_bytes_max = 64;
constexpr std::uint64_t image_text_kept_max = 256;

/// Appends every message that can be read so far, as text. After a size, an image of that length is
/// expected, as in a worker.
void read_all(MessageReader& reader, std::vector<std::string>& messages) {
  while (true) {
    const Message message = reader.next();
    if (std::holds_alternative<NeedMore>(message)) return;
    if (const auto* malformed = std::get_if<Malformed>(&message)) {
      messages.push_back("malformed: " + malformed->why.message());
      check(std::holds_alternative<Malformed>(reader.next()), "a malformed stream stays malformed");
      return;
    }
    if (const auto* text = std::get_if<TextMessage>(&message)) {
      messages.push_back((text->intact ? "text " : "damaged text ") + text->payload);
      check(text->payload.size() + data_overhead_bytes <= text_bytes_max,
            "a text is within its limit");
      check(!contains_message_end(text->payload), "a text contains no message end");
      const ParsedSize size = parse_size(text->payload, Dialect::extended);
      if (size.request.top == 7) {
        reader.skip(size.request.text_length);
      } else if (!size.error) {
        const std::uint64_t length = size.request.text_length;
        reader.begin_image(length, length <= image_text_kept_max);
      }
    } else if (const auto* image = std::get_if<ImageMessage>(&message)) {
      check(image->bytes.size() <= image_text_kept_max, "an image over the limit is not kept");
      messages.push_back(
          std::string(image->intact ? "image " : "damaged image ") +
          (image->kept ? "kept " : "dropped ") + (image->valid_base64 ? "valid " : "invalid ") +
          std::string(reinterpret_cast<const char*>(image->bytes.data()), image->bytes.size()));
    } else {
      messages.emplace_back(std::holds_alternative<Ack>(message) ? "A" : "N");
    }
  }
}

}  // namespace
}  // namespace samoyed::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  Script script(as_text(data, size));
  std::vector<std::string> in_pieces;
  MessageReader reader(text_bytes_max);
  for (auto event = script.next(); event == Script::Event::piece; event = script.next()) {
    reader.append(script.piece());
    read_all(reader, in_pieces);
    const bool ended = !in_pieces.empty() && in_pieces.back().starts_with("malformed");
    if (ended) break;
    check(reader.unread().size() <= text_bytes_max, "buffered bytes are limited");
  }
  if (!script.only_pieces()) return 0;
  std::vector<std::string> at_once;
  MessageReader whole(text_bytes_max);
  whole.append(script.stream());
  read_all(whole, at_once);
  check(in_pieces == at_once, "every split gives the same messages");
  return 0;
}
