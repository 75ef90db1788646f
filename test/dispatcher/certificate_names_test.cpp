#include "dispatcher/certificate_names.hpp"

#include <catch2/catch.hpp>

using namespace samoyed;
using dispatcher::certificate_names;
using Names = std::vector<std::string>;

TEST_CASE("a worker's certificate is for its host, or for the name that DNS was asked for") {
  CHECK(certificate_names({"worker1.example.org", 8888}, "") == Names{"worker1.example.org"});
  CHECK(certificate_names({"10.0.0.1", 8888}, "") == Names{"10.0.0.1"});
  CHECK(certificate_names({"fe80::1%eth0", 8888}, "") == Names{"fe80::1"});
  CHECK(certificate_names({"10.0.0.1", 8888}, "workers.example.org:8888") ==
        Names{"10.0.0.1", "workers.example.org"});
  CHECK(certificate_names({"10.0.0.1", 8888}, "workers.example.org.:8888") ==
        Names{"10.0.0.1", "workers.example.org"});
  CHECK(certificate_names({"10.0.0.1", 7777}, "_samoyed._tcp.example.org") ==
        Names{"10.0.0.1", "example.org"});
}
