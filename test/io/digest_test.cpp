#include "samoyed/io/digest.hpp"

#include <catch2/catch.hpp>

namespace samoyed::io {
namespace {

TEST_CASE("a digest is the beginning of SHA-256") {
  // FIPS 180-2, appendix B.1.
  CHECK(digest_hex("abc") == "ba7816bf8f01cfea414140de5dae2223");
}

TEST_CASE("a signature is the beginning of HMAC-SHA256") {
  // RFC 4231, test case 2.
  CHECK(signature_hex("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c7");
  CHECK(signature_hex("Jeff", "what do ya want for nothing?") !=
        "5bdcc146bf60754e6a042426089575c7");
}

}  // namespace
}  // namespace samoyed::io
