#include "worker/team_trial.hpp"

#include <chrono>

#include <catch2/catch.hpp>

using samoyed::worker::TeamTrial;
using std::chrono::milliseconds;
using Way = TeamTrial::Way;

namespace {

/// Lets the trial have its pictures, each of which takes what its way does.
TeamTrial after_trial(milliseconds team, milliseconds single) {
  TeamTrial trial;
  for (int i = 0; i < 2 * TeamTrial::runs; ++i) {
    const Way way = trial.next();
    trial.took(way, way == Way::team ? team : single);
  }
  return trial;
}

}  // namespace

TEST_CASE("the first lone pictures go either way in turn") {
  TeamTrial trial;
  for (int i = 0; i < TeamTrial::runs; ++i) {
    REQUIRE(trial.next() == Way::team);
    trial.took(Way::team, milliseconds(1));
    REQUIRE(trial.next() == Way::single);
    trial.took(Way::single, milliseconds(1));
  }
}

TEST_CASE("the faster way is taken for good") {
  TeamTrial helps = after_trial(milliseconds(4), milliseconds(7));
  CHECK(helps.next() == Way::team);
  CHECK(after_trial(milliseconds(7), milliseconds(4)).next() == Way::single);

  helps.took(Way::team, milliseconds(100));
  helps.took(Way::single, milliseconds(1));
  CHECK(helps.next() == Way::team);
}

TEST_CASE("a second thread that gains nothing is left to sleep") {
  CHECK(after_trial(milliseconds(5), milliseconds(5)).next() == Way::single);
}

TEST_CASE("what a busy machine adds to some times decides nothing") {
  TeamTrial trial;
  for (int i = 0; i < TeamTrial::runs; ++i) {
    trial.took(Way::team, milliseconds(i == 2 ? 4 : 80));
    trial.took(Way::single, milliseconds(7));
  }
  CHECK(trial.next() == Way::team);
}

TEST_CASE("a picture that did not stay alone is tried again") {
  TeamTrial trial;
  REQUIRE(trial.next() == Way::team);
  CHECK(trial.next() == Way::team);
}
