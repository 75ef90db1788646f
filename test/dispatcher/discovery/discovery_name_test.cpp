#include "dispatcher/discovery/discovery_name.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;

TEST_CASE("a discovery name is a name with a port, or a service") {
  CHECK(parse_discovery_name("Workers.Example.org:8888") ==
        DiscoveryName{.name = "workers.example.org", .port = 8888});
  CHECK(parse_discovery_name("workers:1") == DiscoveryName{.name = "workers", .port = 1});
  CHECK(parse_discovery_name("_samoyed._tcp.example.org") ==
        DiscoveryName{.name = "_samoyed._tcp.example.org"});
  CHECK(parse_discovery_name("workers.example.org.:1") ==
        DiscoveryName{.name = "workers.example.org", .port = 1, .absolute = true});
  CHECK(parse_discovery_name("_samoyed._tcp.example.org.") ==
        DiscoveryName{.name = "_samoyed._tcp.example.org", .absolute = true});
  for (const char* const text :
       {"workers:1", "workers.:1", "_samoyed._tcp.example.org", "_samoyed._tcp.example.org."}) {
    CHECK(to_string(*parse_discovery_name(text)) == text);
  }
}

TEST_CASE("other texts are no discovery names") {
  const char* const text =
      GENERATE("", "workers", "workers:0", "workers:65536", "10.0.0.1:8888", "[fd00::1]:8888",
               "_samoyed", "_samoyed.example.org", "_samoyed._tcp.example.org:8888", "a b:1");
  CHECK_FALSE(parse_discovery_name(text));
}

TEST_CASE("a name is completed by the search domains as resolv.conf says") {
  const SearchRules rules{.domains = {"cell.example", "example"}, .ndots = 2};
  const auto names = [&](const char* text) {
    return complete_names(*parse_discovery_name(text), rules);
  };
  using Names = std::vector<std::string>;
  CHECK(names("w:1") == Names{"w.cell.example", "w.example", "w"});
  CHECK(names("w.x:1") == Names{"w.x.cell.example", "w.x.example", "w.x"});
  CHECK(names("w.x.y:1") == Names{"w.x.y", "w.x.y.cell.example", "w.x.y.example"});
  CHECK(names("w.:1") == Names{"w"});
}
