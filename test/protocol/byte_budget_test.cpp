#include "samoyed/protocol/byte_budget.hpp"

#include <cstdint>
#include <limits>
#include <optional>

#include <catch2/catch.hpp>

using samoyed::protocol::ByteBudget;

TEST_CASE("shares of a budget together never exceed it") {
  ByteBudget budget(10);
  ByteBudget::Share first(&budget);
  std::optional<ByteBudget::Share> second(&budget);
  CHECK(first.resize(6));
  CHECK(second->resize(4));
  CHECK(budget.used_bytes() == 10);
  SECTION("a share that asks for too much gives all back") {
    CHECK_FALSE(first.resize(7));
    CHECK(budget.used_bytes() == 4);
    CHECK(first.resize(6));
  }
  SECTION("a share may shrink and grow again") {
    CHECK(first.resize(1));
    CHECK(second->resize(9));
  }
  SECTION("a share that ends gives all back") {
    second.reset();
    CHECK(budget.used_bytes() == 6);
    CHECK(first.resize(10));
  }
  SECTION("no number is too large") {
    CHECK_FALSE(first.resize(std::numeric_limits<std::uint64_t>::max()));
    CHECK(budget.used_bytes() == 4);
  }
}

TEST_CASE("a share of no budget is not bounded") {
  ByteBudget::Share share(nullptr);
  CHECK(share.resize(std::numeric_limits<std::uint64_t>::max()));
}
