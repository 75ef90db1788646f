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

TEST_CASE("the shares of a budget never exceed it in total") {
  ByteBudget budget(10, seconds(5));
  ByteBudget::Share first(&budget, [] { FAIL("lost"); });
  std::optional<ByteBudget::Share> second(std::in_place, &budget, [] { FAIL("lost"); });
  CHECK(first.resize(6, start));
  CHECK(second->resize(4, start));
  CHECK(budget.used_bytes() == 10);
  SECTION("a share that asks for too much loses all its bytes") {
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
  SECTION("a destroyed share returns all its bytes") {
    second.reset();
    CHECK(budget.used_bytes() == 6);
    CHECK(first.resize(10, start));
  }
  SECTION("the largest number doesn't overflow") {
    CHECK_FALSE(first.resize(std::numeric_limits<std::uint64_t>::max(), start));
    CHECK(budget.used_bytes() == 4);
  }
}

TEST_CASE("shares that hold bytes longer than the grace period lose them to others, oldest first") {
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
  SECTION("a share that lost its bytes may start again") {
    CHECK(first.resize(4, start + seconds(6)));
  }
  SECTION("as many shares are evicted as necessary") {
    CHECK(third.resize(8, start + seconds(7)));
    CHECK(lost == "first second ");
  }
  SECTION("a share may even be evicted by its own request, which then fails") {
    CHECK_FALSE(second.resize(9, start + seconds(7)));
    CHECK(budget.used_bytes() == 2);
  }
  SECTION("no share is evicted for a request that can never fit") {
    CHECK_FALSE(first.resize(11, start + seconds(60)));
    CHECK(lost == "first ");
    CHECK(budget.used_bytes() == 6);
  }
}

TEST_CASE("a share without a budget is not limited") {
  ByteBudget::Share share(nullptr, [] { FAIL("lost"); });
  CHECK(share.resize(std::numeric_limits<std::uint64_t>::max(), start));
}
