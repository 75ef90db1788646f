#include "samoyed/protocol/address.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::protocol;

TEST_CASE("names, IPv4 and bracketed IPv6 addresses are parsed and formatted unchanged") {
  const std::vector<std::pair<std::string, Address>> table{
      {"localhost:8888", {"localhost", 8888}},
      {"127.0.0.1:1", {"127.0.0.1", 1}},
      {"[::1]:8888", {"::1", 8888}},
      {"[fe80::1]:65535", {"fe80::1", 65535}},
      {"[fe80::1%eth0]:80", {"fe80::1%eth0", 80}},
      {"[fe80::1%Vlan-1.2_x]:80", {"fe80::1%Vlan-1.2_x", 80}},
      {"[fe80::1%3]:80", {"fe80::1%3", 80}},
      {"worker-1.rack_2.example:80", {"worker-1.rack_2.example", 80}},
      {"1.2.3.example:80", {"1.2.3.example", 80}},
      {std::string(63, 'a') + ":80", {std::string(63, 'a'), 80}},
  };
  for (const auto& [text, address] : table) {
    CHECK(parse_address(text) == address);
    CHECK(to_string(address) == text);
  }
}

TEST_CASE("different spellings of an address become the same address") {
  CHECK(parse_address("LocalHost:80") == parse_address("localhost:80"));
  CHECK(parse_address("[0:0:0:0:0:0:0:1]:80") == parse_address("[::1]:80"));
  CHECK(parse_address("[FE80::A%eth0]:80") == parse_address("[fe80::a%eth0]:80"));
}

TEST_CASE("text that is not an address is rejected") {
  const std::vector<std::string> texts{"",
                                       ":",
                                       "localhost",
                                       "localhost:",
                                       ":8888",
                                       "localhost:0",
                                       "localhost:65536",
                                       "localhost:99999999999",
                                       "localhost:-1",
                                       "localhost:+1",
                                       "localhost: 1",
                                       "localhost:08",
                                       "localhost:80x",
                                       "localhost:80:81",
                                       "::1:8888",
                                       "[::1]",
                                       "[::1]8888",
                                       "[]:80",
                                       "[localhost]:80",
                                       "[127.0.0.1]:80",
                                       "[::1:80",
                                       "::1]:80",
                                       "127.1:80",
                                       "256.0.0.1:80",
                                       "1.2.3.4.5:80",
                                       "0x7f000001:80",
                                       "12345:80",
                                       "a..b:80",
                                       ".a:80",
                                       "a.:80",
                                       "-a:80",
                                       "a-:80",
                                       "a b:80",
                                       "a/b:80",
                                       "a%20b:80",
                                       "<script>:80",
                                       "a@b:80",
                                       "b\xC3\xBC"
                                       "cher:80",
                                       std::string("a\0b:80", 6),
                                       std::string("[::1\0x]:80", 11),
                                       std::string(64, 'a') + ":80",
                                       "[fe80::1%]:80",
                                       "[fe80::1%a%b]:80",
                                       "[fe80::1%a/b]:80",
                                       "[fe80::1%<script>]:80",
                                       "[fe80::1%abcdefghijklmnop]:80",
                                       std::string("[fe80::1%a\0]:80", 15),
                                       "[fd00::1%eth0]:80",
                                       "[%eth0]:80",
                                       "127.0.0.1%lo:80",
                                       "localhost%lo:80"};
  for (const auto& text : texts) {
    INFO(text);
    CHECK_FALSE(parse_address(text).has_value());
  }
  std::string long_name;
  while (long_name.size() <= 253) long_name += "abcdefg.";
  CHECK_FALSE(parse_address(long_name + "com:80").has_value());
}

TEST_CASE("a host without a port may have brackets or not") {
  CHECK(parse_host("::1") == "::1");
  CHECK(parse_host("[::1]") == "::1");
  CHECK(parse_host("Example.org") == "example.org");
  CHECK_FALSE(parse_host("").has_value());
  CHECK_FALSE(parse_host("a:b").has_value());
}
