#include "web/access/revoked_sessions.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

constexpr std::int64_t age_max_ms = std::chrono::milliseconds(SessionCookies::age_max).count();

TEST_CASE("a revoked session is remembered until none of its cookies can be valid") {
  RevokedSessions revoked;
  // This cookie expires soon, but another dispatcher may have renewed it.
  revoked.add({"a", 1000, 2000}, 1500);
  CHECK(revoked.contains("a"));
  CHECK(!revoked.contains("b"));
  revoked.add({"b", 3000, 4000}, 1000 + age_max_ms - 1);
  CHECK(revoked.contains("a"));
  revoked.add({"c", 3000, 4000}, 1000 + age_max_ms);
  CHECK(!revoked.contains("a"));
  CHECK(revoked.contains("b"));
  CHECK(revoked.size() == 2);
}

TEST_CASE("the number of revoked sessions is limited, and the oldest is forgotten") {
  RevokedSessions revoked;
  revoked.add({"middle", 2, 10}, 0);
  revoked.add({"oldest", 1, 10}, 0);
  for (std::size_t i = 2; i < RevokedSessions::sessions_max; ++i) {
    revoked.add({std::to_string(i), 3, 10}, 0);
  }
  revoked.add({"2", 3, 10}, 0);  // Known already, so nothing needs to go.
  CHECK(revoked.contains("oldest"));
  revoked.add({"one more", 3, 10}, 0);
  CHECK(revoked.size() == RevokedSessions::sessions_max);
  CHECK(!revoked.contains("oldest"));
  CHECK(revoked.contains("middle"));
  CHECK(revoked.contains("one more"));
}

}  // namespace
}  // namespace samoyed::web
