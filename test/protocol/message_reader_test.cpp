#include "samoyed/protocol/message_reader.hpp"

#include <catch2/catch.hpp>

#include "samoyed/protocol/encoded_image.hpp"
#include "samoyed/protocol/errc.hpp"
#include "samoyed/protocol/message.hpp"
#include "support/bytes.hpp"

using namespace samoyed::protocol;
using samoyed::test::as_bytes;
using samoyed::test::as_text;

namespace {

constexpr std::size_t text_max = 64;

std::string describe(const Message& message) {
  if (std::holds_alternative<Ack>(message)) return "A ";
  if (std::holds_alternative<Nack>(message)) return "N ";
  if (const auto* text = std::get_if<TextMessage>(&message)) {
    return (text->intact ? "text(" : "damaged(") + text->payload + ") ";
  }
  if (const auto* image = std::get_if<ImageMessage>(&message)) {
    const std::string_view content = !image->kept          ? "dropped"
                                     : image->valid_base64 ? as_text(image->bytes)
                                                           : "bad";
    return (image->intact ? "image(" : "damaged image(") + std::string(content) + ") ";
  }
  return "malformed: " + std::get<Malformed>(message).why.message();
}

/// Returns all messages of a stream that arrives in the two pieces. An image follows each text that
/// is a number.
std::string read_all(std::string_view first, std::string_view second) {
  MessageReader reader(text_max);
  std::string seen;
  for (const std::string_view piece : {first, second}) {
    reader.append(piece);
    while (true) {
      const Message message = reader.next();
      if (std::holds_alternative<NeedMore>(message)) break;
      seen += describe(message);
      if (std::holds_alternative<Malformed>(message)) return seen;
      const auto* text = std::get_if<TextMessage>(&message);
      if (text && !text->payload.empty() &&
          text->payload.find_first_not_of("0123456789") == text->payload.npos) {
        reader.begin_image(std::stoull(text->payload), true);
      }
    }
  }
  return seen;
}

void check_reading(const std::string& stream, const std::string& expected) {
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    INFO("split at " << split);
    CHECK(read_all(stream.substr(0, split), stream.substr(split)) == expected);
  }
  MessageReader bytewise(text_max);  // The result must be the same for more than two pieces.
  std::string seen;
  for (const char c : stream) {
    bytewise.append({&c, 1});
    Message message = bytewise.next();
    if (std::holds_alternative<NeedMore>(message)) continue;
    seen += describe(message);
    if (std::holds_alternative<Malformed>(message)) break;
    const auto* text = std::get_if<TextMessage>(&message);
    if (text && text->payload == "8") bytewise.begin_image(8, true);
  }
  CHECK(seen == expected);
}

}  // namespace

TEST_CASE("every split of a stream gives the same messages") {
  const EncodedImage image(as_bytes("picture"));  // 12 characters of base64
  check_reading("A", "A ");
  check_reading("ANNA", "A N N A ");
  check_reading(data_message("hello") + "A" + data_message(""), "text(hello) A text() ");
  check_reading("D x -0000" + data_message("Samoyed:0.93") + "N",
                "damaged(x) text(Samoyed:0.93) N ");
  check_reading(data_message("8") + "D Zm9vYmFy -0764" + "A", "text(8) image(foobar) A ");
  check_reading(data_message("8") + "D Zm9vYmFy -0765", "text(8) damaged image(foobar) ");
  check_reading(data_message("8") + "D Zm9vYmFyx-0764", "text(8) damaged image(foobar) ");
  check_reading(data_message("8") + data_message("Zm9v*mFy"), "text(8) image(bad) ");
}

TEST_CASE("an image's payload may contain anything, even a message's end") {
  MessageReader reader(text_max);
  reader.begin_image(10, true);
  reader.append(data_message("AAAA -0001") + "A");
  CHECK(describe(reader.next()) == "image(bad) ");
  CHECK(describe(reader.next()) == "A ");
}

TEST_CASE("bytes of another protocol are rejected at the first wrong byte") {
  const std::vector<std::string> foreign{"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                         "DELETE / HTTP/1.1\r\n",
                                         std::string("\x16\x03\x01\x02\x00\x01", 6),
                                         std::string(8, '\0'),
                                         "SSH-2.0-OpenSSH",
                                         "\r\n",
                                         std::string("D\0", 2),
                                         std::string("D \0\0\0\0", 6),
                                         "D 12\r\n34 -0000",
                                         "D \x7F",
                                         "a",
                                         " A"};
  for (const auto& bytes : foreign) {
    INFO(bytes);
    for (std::size_t split = 0; split <= bytes.size(); ++split) {
      CHECK(read_all(bytes.substr(0, split), bytes.substr(split)) ==
            "malformed: the peer doesn't speak the D/A/N protocol");
    }
  }
  CHECK(read_all("G", "") == "malformed: the peer doesn't speak the D/A/N protocol");
  CHECK(read_all("DE", "") == "malformed: the peer doesn't speak the D/A/N protocol");
}

TEST_CASE("a text without an end is rejected at the limit, not before") {
  const std::string longest = data_message(std::string(text_max - data_overhead_bytes, 'x'));
  REQUIRE(longest.size() == text_max);
  CHECK(read_all(longest, "") == "text(" + std::string(text_max - data_overhead_bytes, 'x') + ") ");
  const std::string too_long = data_message(std::string(text_max - data_overhead_bytes + 1, 'x'));
  CHECK(read_all(too_long, "") == "malformed: the peer sent a message that is too long");
  CHECK(read_all("D " + std::string(text_max, 'x'), "") ==
        "malformed: the peer sent a message that is too long");
  CHECK(read_all("D " + std::string(text_max - 2, 'x'), "").empty());
}

TEST_CASE("a text over the limit is too long at every split, whatever follows it") {
  const std::string stream = "D " + std::string(text_max, 'x') + "\n";
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    CHECK(read_all(stream.substr(0, split), stream.substr(split)) ==
          "malformed: the peer sent a message that is too long");
  }
}

TEST_CASE("skipped bytes are dropped at every split, and what follows them is read") {
  const std::string stream = "dropped" + data_message("kept") + "A";
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    MessageReader reader(text_max);
    reader.append(stream.substr(0, split));
    reader.skip(7);
    CHECK(reader.skipping() == (split < 7));
    reader.append(stream.substr(split));
    CHECK_FALSE(reader.skipping());
    CHECK(describe(reader.next()) == "text(kept) ");
    CHECK(describe(reader.next()) == "A ");
    CHECK(reader.unread().empty());
  }
}

TEST_CASE("an image that is not kept is still checked") {
  for (const bool damaged : {false, true}) {
    MessageReader reader(text_max);
    reader.begin_image(8, false);
    reader.append(damaged ? "D Zm9vYmFy -0000" : "D Zm9vYmFy -0764");
    CHECK(describe(reader.next()) == (damaged ? "damaged image(dropped) " : "image(dropped) "));
  }
}

TEST_CASE("an announced length alone costs no memory and doesn't overflow") {
  MessageReader reader(text_max);
  reader.begin_image(std::uint64_t{1} << 60, true);
  reader.append("D Zm9v");
  CHECK(std::holds_alternative<NeedMore>(reader.next()));
  CHECK(reader.unread().empty());
}

TEST_CASE("an image's bytes are decoded without buffering, and what follows them is buffered") {
  MessageReader reader(text_max);
  reader.begin_image(8, true);
  reader.append("D Zm9v");
  CHECK(reader.unread().empty());
  CHECK(reader.kept_bytes() == 3);
  reader.append("YmFy -0764" + data_message("next"));
  CHECK(reader.unread() == data_message("next"));
  CHECK(reader.kept_bytes() == 6);
  reader.append("A");
  CHECK(describe(reader.next()) == "image(foobar) ");
  CHECK(describe(reader.next()) == "text(next) ");
  CHECK(describe(reader.next()) == "A ");
}

TEST_CASE("an image that begins to arrive too early loses no bytes") {
  const std::string stream = data_message("8") + "D Zm9vYmFy -0764A";
  for (std::size_t split = data_message("8").size(); split <= stream.size(); ++split) {
    MessageReader reader(text_max);
    reader.append(stream.substr(0, split));
    CHECK(describe(reader.next()) == "text(8) ");
    reader.begin_image(8, true);
    reader.append(stream.substr(split));
    CHECK(describe(reader.next()) == "image(foobar) ");
    CHECK(describe(reader.next()) == "A ");
  }
}

TEST_CASE("a skip may end in the middle of a piece, even before an image") {
  for (std::size_t came_before = 0; came_before <= 7; ++came_before) {
    MessageReader reader(text_max);
    reader.append(std::string(came_before, 'x'));
    reader.skip(7);
    reader.begin_image(8, true);
    reader.append(std::string(7 - came_before, 'x') + "D Zm9v");
    CHECK(reader.kept_bytes() == 3);
    reader.append("YmFy -0764N");
    CHECK(describe(reader.next()) == "image(foobar) ");
    CHECK(describe(reader.next()) == "N ");
  }
}

TEST_CASE("an image that is dropped while it arrives keeps no more bytes") {
  MessageReader reader(text_max);
  reader.begin_image(8, true);
  reader.append("D Zm9v");
  reader.drop_image();
  CHECK(reader.kept_bytes() == 0);
  reader.append("YmFy -0764");
  CHECK(reader.kept_bytes() == 0);
  CHECK(describe(reader.next()) == "image(dropped) ");
}
