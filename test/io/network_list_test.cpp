#include "samoyed/io/network_list.hpp"

#include <catch2/catch.hpp>

using samoyed::io::NetworkList;
using samoyed::io::private_networks;

TEST_CASE("a network contains the addresses in its range, in any notation") {
  const NetworkList list({"10.0.0.0/8", "192.0.2.7", "fd00::/8", "2001:db8::1"});
  for (const char* inside : {"10.0.0.0", "10.255.255.255", "192.0.2.7", "fd12:3456::1",
                             "2001:db8::1", "::ffff:10.1.2.3", "::ffff:192.0.2.7"}) {
    INFO(inside);
    CHECK(list.contains(std::string_view(inside)));
  }
  for (const char* outside : {"11.0.0.0", "9.255.255.255", "192.0.2.8", "fe00::1", "2001:db8::2",
                              "::ffff:11.0.0.1", "::10.1.2.3", "localhost", "", "10.0.0", "10.1"}) {
    INFO(outside);
    CHECK_FALSE(list.contains(std::string_view(outside)));
  }
}

TEST_CASE("the zone of an address doesn't matter") {
  CHECK(NetworkList({"fe80::/10"}).contains("fe80::1%lo"));
  CHECK(NetworkList({"fe80::/10"}).contains(asio::ip::address_v6({0xfe, 0x80}, 3)));
  CHECK_FALSE(NetworkList({"fe90::/12"}).contains("fe80::1%lo"));
}

TEST_CASE("an exception is not in the list") {
  const NetworkList list({"10.0.0.0/8", "fd00::/8"}, {"10.1.0.0/16", "fd00::1"});
  CHECK(list.contains("10.2.0.1"));
  CHECK(list.contains("fd00::2"));
  CHECK_FALSE(list.contains("10.1.2.3"));
  CHECK_FALSE(list.contains("::ffff:10.1.2.3"));
  CHECK_FALSE(list.contains("fd00::1"));
}

TEST_CASE("an address with a zero byte inside is rejected") {
  using namespace std::string_view_literals;
  CHECK_FALSE(NetworkList({"10.0.0.0/8"}).contains("10.0.0.1\0.example.org"sv));
}

TEST_CASE(
    "an empty list contains nothing, and a prefix length of 0 contains the whole address family") {
  CHECK_FALSE(NetworkList().contains(std::string_view("127.0.0.1")));
  const NetworkList all_v4({"0.0.0.0/0"});
  CHECK(all_v4.contains(std::string_view("203.0.113.9")));
  CHECK_FALSE(all_v4.contains(std::string_view("::1")));
}

TEST_CASE("text that is not a network is rejected with a sentence that says what is accepted") {
  for (const char* text : {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8",
                           "fd00::/129", "10.0.0.0/8/8", "/8", "10.0.0.0 /8"}) {
    INFO(text);
    CHECK_THROWS_WITH(NetworkList({text}), Catch::Contains("expected an IP address or a network"));
  }
}

TEST_CASE("the private networks are the loopback ones and those that aren't routed publicly") {
  const NetworkList& list = private_networks();
  for (const char* inside :
       {"127.0.0.1", "127.9.9.9", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "fd00::1", "fd00:ec1:ffff::1", "fd00:ec3::1", "fdff::1"}) {
    INFO(inside);
    CHECK(list.contains(std::string_view(inside)));
  }
  for (const char* outside :
       {"8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "169.254.169.254", "0.0.0.0",
        "fe80::1", "::", "2001:db8::1",
        // Where cloud providers serve secrets.
        "169.254.170.2", "::ffff:169.254.169.254", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
        "fd00:c1::a9fe:a9fe", "fd00:42::42"}) {
    INFO(outside);
    CHECK_FALSE(list.contains(std::string_view(outside)));
  }
}
