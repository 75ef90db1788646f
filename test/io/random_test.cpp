#include "samoyed/io/random.hpp"

#include <catch2/catch.hpp>

namespace samoyed::io {
namespace {

TEST_CASE("random text has two hexadecimal digits per byte and differs each time") {
  const std::string text = random_hex(id_bytes);
  CHECK(text.size() == 2 * id_bytes);
  CHECK(text.find_first_not_of("0123456789abcdef") == text.npos);
  CHECK(random_hex(id_bytes) != text);
}

}  // namespace
}  // namespace samoyed::io
