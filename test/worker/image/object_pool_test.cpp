#include "worker/image/object_pool.hpp"

#include <stdexcept>

#include <catch2/catch.hpp>

namespace samoyed {

using worker::ObjectPool;

namespace {

std::unique_ptr<int> make_one() { return std::make_unique<int>(1); }

}  // namespace

TEST_CASE("a returned object is lent again", "[image]") {
  ObjectPool<int> pool;
  *pool.take(make_one) = 7;
  CHECK(*pool.take(make_one) == 7);
}

TEST_CASE("two users at the same time get different objects, and both are kept", "[image]") {
  ObjectPool<int> pool;
  {
    const auto one = pool.take(make_one);
    const auto other = pool.take(make_one);
    REQUIRE(one.get() != other.get());
    *one = 7;
    *other = 7;
  }
  const auto one = pool.take(make_one);
  const auto other = pool.take(make_one);
  CHECK(*one == 7);
  CHECK(*other == 7);
}

TEST_CASE("an object that is not worth keeping is not kept", "[image]") {
  ObjectPool<int> pool([](const int& value) { return value < 7; });
  *pool.take(make_one) = 7;
  CHECK(*pool.take(make_one) == 1);
}

TEST_CASE("if no object can be made, none is lent", "[image]") {
  ObjectPool<int> pool;
  const auto fail = []() -> std::unique_ptr<int> { throw std::runtime_error("no memory"); };
  CHECK_THROWS_AS(pool.take(fail), std::runtime_error);
  CHECK(*pool.take(make_one) == 1);
}

}  // namespace samoyed
