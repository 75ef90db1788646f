#include "samoyed/protocol/checksum.hpp"

#include <catch2/catch.hpp>

#include "samoyed/protocol/message.hpp"

using namespace samoyed::protocol;

namespace {

struct Golden {
  std::string payload;
  std::string message;
};

/// The worked examples of PROTOCOL.md.
const std::vector<Golden> goldens{
    {"", "D  -0001"},
    {"123", "D 123 -0151"},
    {"881840", "D 881840 -0318"},
    {"Samoyed:0.93", "D Samoyed:0.93 -0983"},
    {"hello", "D hello -0533"},
};

}  // namespace

TEST_CASE("whole messages match the specification") {
  for (const auto& [payload, message] : goldens) CHECK(data_message(payload) == message);
}

TEST_CASE("a checksum is the same for any split of the payload") {
  const std::string payload = "Great Pyrenees:0.014685431495308876";
  for (std::size_t split = 0; split <= payload.size(); ++split) {
    Checksum checksum;
    checksum.update(std::string_view(payload).substr(0, split));
    checksum.update(std::string_view(payload).substr(split));
    CHECK(checksum.text() == checksum_text(payload));
  }
}

TEST_CASE("a checksum wraps at 4096 and counts bytes as unsigned") {
  CHECK(checksum_text(std::string(16, '\xFF')) == "-4081");    // 16 * 255 = 4080
  CHECK(checksum_text(std::string(17, '\xFF')) == "-0240");    // 4335 & 0xFFF = 239
  CHECK(checksum_text(std::string(4096, '\x01')) == "-0001");  // 4096 & 0xFFF = 0
  CHECK(checksum_text(std::string(4095, '\x01')) == "-4096");  // the lowest value
}

TEST_CASE("only a minus sign followed by four digits is a checksum") {
  CHECK(is_checksum_text("-0001"));
  for (const char* text : {"", "-001", "-00001", "+0001", "-00a1", " 0001", "0001-"}) {
    CHECK_FALSE(is_checksum_text(text));
  }
}

TEST_CASE("text that would end a message early is detected") {
  CHECK(contains_message_end("label -0123"));
  CHECK(contains_message_end("a b -0123 c"));
  for (const char* text : {"label-0123", "label -012", "label - 0123", "", " ", "a -b -c"}) {
    CHECK_FALSE(contains_message_end(text));
  }
}
