#include "samoyed/io/ip_text.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::io;

TEST_CASE("IPv4 clients are counted by address, IPv6 clients by network") {
  CHECK(limit_key("192.0.2.1") == "192.0.2.1");
  CHECK(limit_key("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(limit_key("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(limit_key("2001:db8:1:2::1") == limit_key("2001:db8:1:2:ffff::"));
  CHECK(limit_key("2001:db8:1:3::1") != limit_key("2001:db8:1:2::1"));
  CHECK(limit_key("_hidden") == "_hidden");
}
