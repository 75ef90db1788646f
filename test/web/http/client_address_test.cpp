#include "web/http/client_address.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

/// The trusted proxies in the cases below.
bool trusted(std::string_view address) {
  return address == "10.0.0.1" || address == "10.0.0.2" || address == "fd00::1";
}

struct AddressCase {
  std::string name;
  std::string peer;
  Fields fields;
  std::string address;
};

void check(const std::vector<AddressCase>& cases) {
  for (const AddressCase& one : cases) {
    INFO(one.name);
    CHECK(find_client(one.peer, one.fields, trusted).address == one.address);
  }
}

TEST_CASE("without a proxy, the client is the peer, whatever its fields say") {
  check({
      {"no field", "192.0.2.1", {}, "192.0.2.1"},
      {"Forwarded", "192.0.2.1", {{"Forwarded", "for=203.0.113.7"}}, "192.0.2.1"},
      {"X-Forwarded-For", "192.0.2.1", {{"X-Forwarded-For", "10.0.0.1"}}, "192.0.2.1"},
      {"an IPv4 peer on an IPv6 socket", "::ffff:192.0.2.1", {}, "192.0.2.1"},
      {"a proxy that says nothing", "10.0.0.1", {}, "10.0.0.1"},
      {"a proxy on an IPv6 socket",
       "::ffff:10.0.0.1",
       {{"X-Forwarded-For", "203.0.113.7"}},
       "203.0.113.7"},
  });
}

TEST_CASE("X-Forwarded-For") {
  const auto from = [](const std::string& name, const std::string& value,
                       const std::string& address) {
    return AddressCase{name, "10.0.0.1", {{"X-Forwarded-For", value}}, address};
  };
  check({
      from("one", "203.0.113.7", "203.0.113.7"),
      from("with a port", "203.0.113.7:1234", "203.0.113.7"),
      from("IPv6", "2001:DB8::7", "2001:db8::7"),
      from("IPv6 with a port", "[2001:db8::7]:1234", "2001:db8::7"),
      from("what the client made up is on the left", "1.2.3.4, 203.0.113.7", "203.0.113.7"),
      from("a second proxy", "1.2.3.4, 203.0.113.7,10.0.0.2 , 10.0.0.1", "203.0.113.7"),
      from("all are proxies", "10.0.0.2, 10.0.0.1", "10.0.0.2"),
      from("a proxy behind an unknown one is ignored", "1.2.3.4, 10.0.0.2, 9.9.9.9", "9.9.9.9"),
      from("empty", "", "10.0.0.1"),
      from("unknown", "unknown", "10.0.0.1"),
      from("a name", "localhost", "10.0.0.1"),
      from("markup", "<script>", "10.0.0.1"),
      from("an address cut short", "203.0.113", "10.0.0.1"),
      from("a bad port", "203.0.113.7:123456", "10.0.0.1"),
      from("a bad one to the right", "203.0.113.7, x", "10.0.0.1"),
      from("a bad one to the left", "x, 203.0.113.7", "203.0.113.7"),
      from("an unclosed quotation mark", "203.0.113.7, \"", "10.0.0.1"),
  });
  check({{"several fields count as one list",
          "10.0.0.1",
          {{"X-Forwarded-For", "1.2.3.4"}, {"A", "b"}, {"x-forwarded-for", "203.0.113.7"}},
          "203.0.113.7"}});
}

TEST_CASE("Forwarded") {
  const auto from = [](const std::string& name, const std::string& value,
                       const std::string& address) {
    return AddressCase{name, "fd00::1", {{"Forwarded", value}}, address};
  };
  // The first ones are examples from RFC 7239, sections 4 and 6.3.
  check({
      from("with a protocol", "for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
      from("IPv6 with a port", "For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
      from("a list", "for=192.0.2.43, for=198.51.100.17", "198.51.100.17"),
      from("an identifier", "for=_hidden, for=_SEVKISEK", "_SEVKISEK"),
      from("a port", "for=\"192.0.2.60:_port\"", "192.0.2.60"),
      from("behind a second proxy", "for=\"203.0.113.7\";proto=https, for=10.0.0.2", "203.0.113.7"),
      from("a comma in quotation marks", "for=1.2.3.4;x=\"a,for=6.6.6.6\"", "1.2.3.4"),
      from("an escaped quotation mark", "for=1.2.3.4;x=\"\\\",for=6.6.6.6\"", "1.2.3.4"),
      from("extra semicolons", ";for=1.2.3.4;;", "1.2.3.4"),
      from("unknown", "for=unknown", "fd00::1"),
      from("no address", "proto=https", "fd00::1"),
      from("two addresses in one element", "for=1.2.3.4;for=5.6.7.8", "fd00::1"),
      from("no value", "for", "fd00::1"),
      from("an unclosed quotation mark", "for=\"1.2.3.4", "fd00::1"),
      from("an identifier with markup", "for=\"_<script>\"", "fd00::1"),
      from("an unclosed bracket", "for=\"[2001:db8::1\"", "fd00::1"),
      from("empty", "", "fd00::1"),
  });
  check({{"a line that can't be parsed, left of one that can",
          "10.0.0.1",
          {{"Forwarded", "for=\""}, {"Forwarded", "for=203.0.113.7"}},
          "203.0.113.7"}});
}

TEST_CASE("if both fields are present, they must agree") {
  check({
      {"both agree",
       "10.0.0.1",
       {{"Forwarded", "for=203.0.113.7"}, {"X-Forwarded-For", "1.2.3.4, 203.0.113.7"}},
       "203.0.113.7"},
      {"the client added the field that its proxy passes on",
       "10.0.0.1",
       {{"Forwarded", "for=1.2.3.4"}, {"X-Forwarded-For", "203.0.113.7"}},
       "10.0.0.1"},
      {"one of them is bad",
       "10.0.0.1",
       {{"Forwarded", "for="}, {"X-Forwarded-For", "203.0.113.7"}},
       "10.0.0.1"},
  });
}

TEST_CASE("only a trusted proxy can report that the client used TLS") {
  const auto https = [](const std::string& peer, const Fields& fields) {
    return find_client(peer, fields, trusted).https;
  };
  const Field from{"X-Forwarded-For", "203.0.113.7"};
  CHECK(https("10.0.0.1", {from, {"X-Forwarded-Proto", "https"}}));
  CHECK(https("10.0.0.1", {from, {"X-Forwarded-Proto", "http, HTTPS"}}));
  CHECK(!https("10.0.0.1", {from, {"X-Forwarded-Proto", "https, http"}}));
  CHECK(!https("10.0.0.1", {from}));
  CHECK(!https("192.0.2.1", {from, {"X-Forwarded-Proto", "https"}}));
  CHECK(https("10.0.0.1", {{"Forwarded", "for=203.0.113.7;proto=https, for=10.0.0.2;proto=http"}}));
  CHECK(!https("192.0.2.1", {{"Forwarded", "for=203.0.113.7;proto=https"}}));
}

TEST_CASE("a trusted proxy that names no client still reports its scheme") {
  CHECK(find_client("10.0.0.1", {{"X-Forwarded-Proto", "https"}}, trusted).https);
}

TEST_CASE("only a trusted proxy can report the host that the client asked for") {
  const auto host = [](const std::string& peer, const Fields& fields) {
    return find_client(peer, fields, trusted).host.value_or("none");
  };
  const Field field{"X-Forwarded-Host", "www.example.org:8443"};
  CHECK(host("10.0.0.1", {field}) == "www.example.org:8443");
  CHECK(host("10.0.0.1", {field, {"X-Forwarded-For", "203.0.113.7"}}) == "www.example.org:8443");
  CHECK(host("192.0.2.1", {field}) == "none");
  CHECK(host("10.0.0.1", {}) == "none");
  CHECK(host("10.0.0.1", {{"X-Forwarded-Host", " "}}) == "none");
  // What the client made up is on the left.
  CHECK(host("10.0.0.1", {{"X-Forwarded-Host", "evil.example, dog.example"}}) == "dog.example");
  CHECK(host("10.0.0.1", {{"X-Forwarded-Host", "evil.example"}, field}) == field.value);
  const Field standard{"Forwarded", "for=203.0.113.7;host=\"dog.example:1\";proto=https"};
  CHECK(host("10.0.0.1", {standard}) == "dog.example:1");
  CHECK(host("192.0.2.1", {standard}) == "none");
}

TEST_CASE("only a trusted proxy can report a base path") {
  const auto base_path = [](const std::string& peer, const std::string& prefix) {
    return find_client(peer, {{"X-Forwarded-Prefix", prefix}}, trusted).base_path.value_or("none");
  };
  CHECK(base_path("10.0.0.1", "/samoyed/") == "/samoyed");
  CHECK(base_path("10.0.0.1", "/evil, /samoyed") == "/samoyed");
  CHECK(base_path("10.0.0.1", "/").empty());
  CHECK(base_path("10.0.0.1", "") == "none");
  CHECK(base_path("10.0.0.1", "//evil.example") == "none");
  CHECK(base_path("10.0.0.1", "/\"><script>") == "none");
  CHECK(base_path("192.0.2.1", "/samoyed") == "none");
}

}  // namespace
}  // namespace samoyed::web
