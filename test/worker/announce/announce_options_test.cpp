#include "worker/announce/announce_options.hpp"

#include <catch2/catch.hpp>

namespace samoyed::worker {
namespace {

TEST_CASE("a dispatcher's URL is a scheme, a host and perhaps a port and a path") {
  CHECK(parse_dispatcher_url("http://10.0.0.1:9999") == "http://10.0.0.1:9999");
  CHECK(parse_dispatcher_url("http://10.0.0.1:9999//") == "http://10.0.0.1:9999");
  CHECK(parse_dispatcher_url("https://example.org/samoyed/") == "https://example.org/samoyed");
  CHECK(parse_dispatcher_url("http://[fd00::1]:80") == "http://[fd00::1]:80");
  CHECK(parse_dispatcher_url("http://[fd00::1]") == "http://[fd00::1]");
}

TEST_CASE("other texts are no dispatcher's URL") {
  const std::string text =
      GENERATE("", "10.0.0.1:9999", "ftp://a", "http://", "http:///x", "http://a:0",
               "http://a:65536", "http://user@a", "http://a/?x", "http://a/#x", "http://a b",
               "HTTP//a", "http://a/\n", "file:///x");
  CHECK_FALSE(parse_dispatcher_url(text));
  CHECK_FALSE(parse_dispatcher_url("http://a/" + std::string(2048, 'x')));
}

}  // namespace
}  // namespace samoyed::worker
