#include "samoyed/protocol/base64.hpp"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "support/bytes.hpp"

using namespace samoyed::protocol;
using samoyed::test::as_bytes;

namespace {

std::string encode(std::string_view bytes) {
  std::string text(base64_length(bytes.size()), '\0');
  encode_base64(as_bytes(bytes), text.data());
  return text;
}

/// Returns the decoded bytes as text, or "bad".
std::string decode(std::string_view first, std::string_view second = "") {
  Base64Decoder decoder;
  decoder.update(first);
  decoder.update(second);
  if (!decoder.complete()) return "bad";
  const auto bytes = decoder.take();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("base64 matches the test vectors of RFC 4648, section 10") {
  const std::vector<std::pair<std::string, std::string>> vectors{{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    CHECK(encode(plain) == text);
    CHECK(decode(text) == plain);
    CHECK(base64_length(plain.size()) == text.size());
  }
}

TEST_CASE("random bytes survive base64 at every length and split") {
  std::mt19937 random(7);
  for (std::size_t length = 0; length < 40; ++length) {
    std::string plain(length, '\0');
    for (char& c : plain) c = static_cast<char>(random());
    const std::string text = encode(plain);
    for (std::size_t split = 0; split <= text.size(); ++split) {
      CHECK(decode(text.substr(0, split), text.substr(split)) == plain);
    }
  }
}

TEST_CASE("text that is not base64 is rejected at every split") {
  for (const std::string text :
       {"Z", "Zg", "Zg=", "Zg===", "Zm9v=", "=", "====", "Z===", "Zg=v", "Zg==Zg==", "Zg==Zm9v",
        "Zm9v\n", "Zm 9v", "Zm9-", "Zm9_", "Zm9v-123", "Zm\xC3\xA9v"}) {
    INFO(text);
    for (std::size_t split = 0; split <= text.size(); ++split) {
      CHECK(decode(text.substr(0, split), text.substr(split)) == "bad");
    }
  }
}

TEST_CASE("a decoder can be reused after its bytes were taken") {
  Base64Decoder decoder;
  decoder.update("Zg==");
  CHECK(decoder.take().size() == 1);
  decoder.update("Zm9v");
  CHECK(decoder.complete());
  CHECK(decoder.take().size() == 3);
}

TEST_CASE("long text survives base64 in pieces of every length") {
  std::mt19937 random(13);
  std::string plain(1000, '\0');
  for (char& c : plain) c = static_cast<char>(random());
  const std::string text = encode(plain);
  for (const std::uint64_t expected_length : {std::size_t{0}, text.size(), 10 * text.size()}) {
    for (std::size_t piece = 1; piece <= 200; ++piece) {
      Base64Decoder decoder(expected_length);
      for (std::size_t at = 0; at < text.size(); at += piece) {
        decoder.update(std::string_view(text).substr(at, piece));
        CHECK(decoder.byte_count() ==
              std::min(at + piece, text.size()) / 4 * 3 - (at + piece >= text.size() ? 2 : 0));
      }
      CHECK(decoder.complete());
      CHECK(samoyed::test::as_text(decoder.take()) == plain);
    }
  }
}

TEST_CASE("with an expected length, the reserved room stays in proportion to what has arrived") {
  const std::string text(4000, 'A');
  Base64Decoder endless(std::uint64_t{1} << 60);
  for (std::size_t at = 0; at < text.size(); at += 400) endless.update(text.substr(at, 400));
  CHECK(endless.take().capacity() <= 4 * 3000);

  Base64Decoder exact(text.size());
  exact.update(std::string_view(text).substr(0, 1000));
  exact.update(std::string_view(text).substr(1000));
  CHECK(exact.take().capacity() == 3000);
}
