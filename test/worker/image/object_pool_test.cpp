#include "worker/image/object_pool.hpp"

#include <stdexcept>

#include <catch2/catch.hpp>

namespace samoyed {

using worker::Spares;

namespace {

std::unique_ptr<int> make_one() { return std::make_unique<int>(1); }

}  // namespace

TEST_CASE("what was given back is lent again", "[image]") {
  Spares<int> spares;
  *spares.take(make_one) = 7;
  CHECK(*spares.take(make_one) == 7);
}

TEST_CASE("each of two users at a time has one of its own, and both are kept", "[image]") {
  Spares<int> spares;
  {
    const auto one = spares.take(make_one);
    const auto other = spares.take(make_one);
    REQUIRE(one.get() != other.get());
    *one = 7;
    *other = 7;
  }
  const auto one = spares.take(make_one);
  const auto other = spares.take(make_one);
  CHECK(*one == 7);
  CHECK(*other == 7);
}

TEST_CASE("what is not worth keeping is not kept", "[image]") {
  Spares<int> spares([](const int& value) { return value < 7; });
  *spares.take(make_one) = 7;
  CHECK(*spares.take(make_one) == 1);
}

TEST_CASE("where none can be made nothing is lent", "[image]") {
  Spares<int> spares;
  const auto fail = []() -> std::unique_ptr<int> { throw std::runtime_error("no memory"); };
  CHECK_THROWS_AS(spares.take(fail), std::runtime_error);
  CHECK(*spares.take(make_one) == 1);
}

}  // namespace samoyed
