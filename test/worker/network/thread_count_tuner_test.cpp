#include "worker/network/thread_count_tuner.hpp"

#include <chrono>

#include <catch2/catch.hpp>

using samoyed::worker::TeamChoice;
using std::chrono::milliseconds;
using Way = TeamChoice::Way;

namespace {

/// Computes so many lone pictures, each of which takes what its way does; returns how many took the team.
int compute(TeamChoice& choice, int pictures, milliseconds team, milliseconds single) {
  int by_team = 0;
  for (int i = 0; i < pictures; ++i) {
    const Way way = choice.next();
    if (way == Way::team) ++by_team;
    choice.took(way, way == Way::team ? team : single);
  }
  return by_team;
}

/// After the first pictures of either way.
TeamChoice after_start(milliseconds team, milliseconds single) {
  TeamChoice choice;
  compute(choice, 2 * TeamChoice::first_runs, team, single);
  return choice;
}

}  // namespace

TEST_CASE("the first lone pictures go either way in turn") {
  TeamChoice choice;
  for (int i = 0; i < TeamChoice::first_runs; ++i) {
    REQUIRE(choice.next() == Way::team);
    choice.took(Way::team, milliseconds(1));
    REQUIRE(choice.next() == Way::single);
    choice.took(Way::single, milliseconds(1));
  }
}

TEST_CASE("the way that took less is taken, and the other tried ever more rarely") {
  TeamChoice helps = after_start(milliseconds(4), milliseconds(7));
  // After 7 pictures, 15, 31 and 63.
  CHECK(120 - compute(helps, 120, milliseconds(4), milliseconds(7)) == 4);
  constexpr int pictures = 10 * (TeamChoice::tried_again_after_max + 1);
  CHECK(pictures - compute(helps, pictures, milliseconds(4), milliseconds(7)) == 10);
  TeamChoice hinders = after_start(milliseconds(7), milliseconds(4));
  CHECK(compute(hinders, 120, milliseconds(7), milliseconds(4)) == 4);
  CHECK(compute(hinders, pictures, milliseconds(7), milliseconds(4)) == 10);
}

TEST_CASE("a second thread that gains nothing is left to sleep") {
  CHECK(after_start(milliseconds(5), milliseconds(5)).next() == Way::single);
}

TEST_CASE("stops of the machine during the first pictures decide nothing") {
  TeamChoice choice;
  for (int i = 0; i < TeamChoice::first_runs; ++i) {
    choice.took(Way::team, milliseconds(i == 2 ? 4 : 500));
    choice.took(Way::single, milliseconds(7));
  }
  CHECK(choice.next() == Way::team);
}

TEST_CASE("a start at which others wanted the cores is forgotten after one try") {
  TeamChoice choice = after_start(milliseconds(20), milliseconds(7));
  CHECK(compute(choice, TeamChoice::tried_again_after_min + 1, milliseconds(4), milliseconds(7)) ==
        1);
  CHECK(choice.next() == Way::team);
}

TEST_CASE("one stop of the machine changes nothing") {
  TeamChoice choice = after_start(milliseconds(4), milliseconds(7));
  choice.took(Way::team, milliseconds(500));
  CHECK(choice.next() == Way::team);
}

TEST_CASE("a machine on which others want the cores gets one thread, until they are gone") {
  TeamChoice choice = after_start(milliseconds(4), milliseconds(7));
  CHECK(compute(choice, 100, milliseconds(20), milliseconds(8)) < 10);
  REQUIRE(choice.next() == Way::single);
  constexpr int pictures = 4 * TeamChoice::tried_again_after_max;
  CHECK(compute(choice, pictures, milliseconds(4), milliseconds(7)) > pictures / 4);
  CHECK(choice.next() == Way::team);
}

TEST_CASE("a picture that did not stay alone is tried again") {
  TeamChoice choice;
  REQUIRE(choice.next() == Way::team);
  CHECK(choice.next() == Way::team);
}
