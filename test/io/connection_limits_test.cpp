#include "samoyed/io/connection_limits.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::io;

TEST_CASE("connections leave descriptors for everything else") {
  struct Case {
    std::uint64_t descriptors_max;
    std::uint64_t others;
    std::size_t connections_max;
    std::size_t per_peer_max;
  };
  // 1000 connections are wanted, 500 from one address.
  const auto one = GENERATE(values<Case>({{8192, 600, 1000, 500},
                                          {1600, 600, 1000, 500},
                                          {1599, 600, 999, 499},
                                          {1024, 600, 512, 256},
                                          {40, 600, 20, 10},
                                          {2, 600, 1, 1},
                                          {1, 600, 1, 1},
                                          {0, 600, 1, 1},
                                          {1024, 0, 1000, 500}}));
  CAPTURE(one.descriptors_max);
  const ConnectionLimits limits = within_descriptors({1000, 500}, one.descriptors_max, one.others);
  CHECK(limits.connections_max == one.connections_max);
  CHECK(limits.connections_per_peer_max == one.per_peer_max);
}
