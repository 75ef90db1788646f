#include "dispatcher/discovery/dns_reply.hpp"

#include <arpa/nameser.h>

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;
using namespace std::chrono_literals;

namespace {

std::string two_bytes(std::size_t number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number)};
}

/// Encodes a name without compression, for example "a.b".
std::string encoded(std::string name) {
  std::string bytes;
  name += '.';
  for (std::size_t start = 0; start < name.size();) {
    const std::size_t dot = name.find('.', start);
    bytes += static_cast<char>(dot - start) + name.substr(start, dot - start);
    start = dot + 1;
  }
  return bytes + '\0';
}

/// A reply to a question about `w`. Its records follow RFC 1035, section 4.1.
struct Reply {
  void add(int type, const std::string& data, std::size_t ttl = 60) {
    constexpr char pointer_to_question[] = "\xc0\x0c";
    records += pointer_to_question + two_bytes(static_cast<std::size_t>(type)) +
               two_bytes(ns_c_in) + two_bytes(0) + two_bytes(ttl) + two_bytes(data.size()) + data;
    ++count;
  }
  std::string bytes() const {
    return two_bytes(1) + two_bytes(0x8180) + two_bytes(1) + two_bytes(count) + two_bytes(0) +
           two_bytes(0) + encoded("w") + two_bytes(ns_t_a) + two_bytes(ns_c_in) + records;
  }

  std::string records;
  std::size_t count = 0;
};

std::optional<DnsRecords> parse(const std::string& bytes) {
  return parse_dns_reply({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

}  // namespace

TEST_CASE("addresses of both families are read, with the least time to live") {
  Reply reply;
  reply.add(ns_t_cname, encoded("real.example.org"), 20);
  reply.add(ns_t_a, std::string("\x0a\0\0\x07", 4), 60);
  reply.add(ns_t_aaaa, "\xfd" + std::string(14, '\0') + "\x01", 300);
  const auto records = parse(reply.bytes());
  REQUIRE(records);
  CHECK(records->addresses == std::vector<std::string>{"10.0.0.7", "fd00::1"});
  CHECK(records->ttl == 20s);
}

TEST_CASE("services are read, and those that say that there is none are left out") {
  Reply reply;
  reply.add(ns_t_srv, two_bytes(0) + two_bytes(5) + two_bytes(8888) + encoded("Host.Example.org"));
  reply.add(ns_t_srv, two_bytes(0) + two_bytes(0) + two_bytes(8888) + std::string(1, '\0'));
  reply.add(ns_t_srv, two_bytes(0) + two_bytes(0) + two_bytes(0) + encoded("w"));
  const auto records = parse(reply.bytes());
  REQUIRE(records);
  CHECK(records->services ==
        std::vector<DnsRecords::Service>{{.host = "host.example.org", .port = 8888}});
}

TEST_CASE("a reply without records is an empty answer") {
  const auto records = parse(Reply().bytes());
  REQUIRE(records);
  CHECK(records->addresses.empty());
  CHECK(records->ttl == 0s);
}

TEST_CASE("a reply that is cut anywhere is malformed") {
  Reply reply;
  reply.add(ns_t_a, std::string("\x0a\0\0\x07", 4));
  reply.add(ns_t_srv, two_bytes(0) + two_bytes(5) + two_bytes(8888) + encoded("host"));
  const std::string bytes = reply.bytes();
  REQUIRE(parse(bytes));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    INFO(length << " bytes");
    CHECK_FALSE(parse(bytes.substr(0, length)));
  }
}

TEST_CASE("a record whose data has the wrong length makes a reply malformed") {
  Reply reply;
  const auto [type, bytes] =
      GENERATE(table<int, std::size_t>({{ns_t_a, 3}, {ns_t_a, 5}, {ns_t_aaaa, 4}, {ns_t_srv, 6}}));
  reply.add(type, std::string(bytes, '\0'));
  CHECK_FALSE(parse(reply.bytes()));
}
