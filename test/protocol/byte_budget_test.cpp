#include "samoyed/protocol/byte_budget.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

using samoyed::protocol::ByteBudget;
using std::chrono::seconds;

namespace {

const ByteBudget::Clock::time_point start(std::chrono::hours(1));

}  // namespace

TEST_CASE("shares of a budget together never exceed it") {
  ByteBudget budget(10, seconds(5));
  ByteBudget::Share first(&budget, [] { FAIL("lost"); });
  std::optional<ByteBudget::Share> second(std::in_place, &budget, [] { FAIL("lost"); });
  CHECK(first.resize(6, start));
  CHECK(second->resize(4, start));
  CHECK(budget.used_bytes() == 10);
  SECTION("a share that asks for too much gives all back") {
    CHECK_FALSE(first.resize(7, start));
    CHECK(budget.used_bytes() == 4);
    CHECK(first.resize(6, start));
  }
  SECTION("a share may shrink and grow again") {
    CHECK(first.resize(1, start));
    CHECK(second->resize(9, start));
    CHECK(second->resize(0, start));
    CHECK(first.resize(10, start));
  }
  SECTION("a share that ends gives all back") {
    second.reset();
    CHECK(budget.used_bytes() == 6);
    CHECK(first.resize(10, start));
  }
  SECTION("no number is too large") {
    CHECK_FALSE(first.resize(std::numeric_limits<std::uint64_t>::max(), start));
    CHECK(budget.used_bytes() == 4);
  }
}

TEST_CASE("those who hold bytes for longer than the grace lose them to others, longest first") {
  ByteBudget budget(10, seconds(5));
  std::string lost;
  ByteBudget::Share first(&budget, [&] { lost += "first "; });
  ByteBudget::Share second(&budget, [&] { lost += "second "; });
  ByteBudget::Share third(&budget, [&] { lost += "third "; });
  CHECK(first.resize(4, start));
  CHECK(second.resize(4, start + seconds(1)));
  CHECK(first.resize(5, start + seconds(4)));
  CHECK_FALSE(third.resize(2, start + seconds(5)));
  CHECK(lost.empty());
  CHECK(third.resize(2, start + seconds(6)));
  CHECK(lost == "first ");
  CHECK(budget.used_bytes() == 6);
  SECTION("one that lost them may begin anew") { CHECK(first.resize(4, start + seconds(6))); }
  SECTION("as many as it takes") {
    CHECK(third.resize(8, start + seconds(7)));
    CHECK(lost == "first second ");
  }
  SECTION("also to make room for itself in vain") {
    CHECK_FALSE(second.resize(9, start + seconds(7)));
    CHECK(budget.used_bytes() == 2);
  }
  SECTION("but not for what can never fit") {
    CHECK_FALSE(first.resize(11, start + seconds(60)));
    CHECK(lost == "first ");
    CHECK(budget.used_bytes() == 6);
  }
}

TEST_CASE("a share of no budget is not bounded") {
  ByteBudget::Share share(nullptr, [] { FAIL("lost"); });
  CHECK(share.resize(std::numeric_limits<std::uint64_t>::max(), start));
}
