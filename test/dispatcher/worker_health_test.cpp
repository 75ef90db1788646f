#include "samoyed/dispatcher/worker_health.hpp"

#include <vector>

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Change = WorkerHealth::Change;

namespace {

constexpr HealthOptions options{};

/// A worker's health. The test sets the time.
struct Patient {
  Patient() { health.schedule(now, options); }

  /// Advances the time to the next probe, which ends with `result`.
  Change probe(ProbeResult result, double random = 0) {
    now = health.probe_due().value();
    health.begin_probe();
    return health.end_probe(result, now, options, random);
  }
  Clock::duration until_probe() const { return health.probe_due().value() - now; }
  void fail() { health.eject(now, options, 0); }

  Clock::time_point now = Clock::time_point(std::chrono::hours(1));
  WorkerHealth health;
};

}  // namespace

TEST_CASE("an idle worker is probed repeatedly, a worker that answers images is not") {
  Patient patient;
  CHECK(patient.until_probe() == seconds(10));
  CHECK(patient.probe(ProbeResult::good) == Change::none);
  CHECK(patient.until_probe() == seconds(10));
  patient.now += seconds(9);
  patient.health.answered(patient.now, options);
  CHECK(patient.until_probe() == seconds(10));
}

TEST_CASE("no second probe is due while one is in flight") {
  Patient patient;
  patient.health.begin_probe();
  CHECK_FALSE(patient.health.probe_due().has_value());
  patient.health.suspect(patient.now, options);
  CHECK_FALSE(patient.health.probe_due().has_value());
}

TEST_CASE("a refused probe ejects an idle worker at once") {
  Patient patient;
  CHECK(patient.probe(ProbeResult::refused) == Change::ejected);
  CHECK(patient.health.state() == WorkerState::ejected);
}

TEST_CASE("a bad probe ejects an idle worker only if the next one is bad too") {
  Patient patient;
  CHECK(patient.probe(ProbeResult::bad) == Change::none);
  CHECK(patient.until_probe() == seconds(1));
  SECTION("the next one is bad") { CHECK(patient.probe(ProbeResult::bad) == Change::ejected); }
  SECTION("a good one comes in between") {
    patient.probe(ProbeResult::good);
    CHECK(patient.probe(ProbeResult::bad) == Change::none);
  }
  SECTION("an answered image comes in between") {
    patient.health.answered(patient.now, options);
    CHECK(patient.probe(ProbeResult::bad) == Change::none);
  }
}

TEST_CASE("an inconclusive probe neither ejects a worker nor brings it back") {
  Patient patient;
  for (int i = 0; i < 5; ++i) CHECK(patient.probe(ProbeResult::inconclusive) == Change::none);
  CHECK(patient.health.state() == WorkerState::in_rotation);
  patient.fail();
  for (int i = 0; i < 5; ++i) CHECK(patient.probe(ProbeResult::inconclusive) == Change::none);
  CHECK(patient.health.state() == WorkerState::ejected);
  CHECK(patient.until_probe() == seconds(1));
}

TEST_CASE("the pause between probes doubles up to its limit") {
  Patient patient;
  patient.fail();
  const std::vector<int> pauses_s{1, 2, 4, 8, 16, 30, 30, 30};
  for (const int pause_s : pauses_s) {
    CHECK(patient.until_probe() == seconds(pause_s));
    patient.probe(ProbeResult::bad);
  }
}

TEST_CASE("a pause is randomly shortened by up to a fifth") {
  for (const auto& [random, pause] :
       {std::pair(0.0, milliseconds(2000)), {0.5, milliseconds(1800)}, {1.0, milliseconds(1600)}}) {
    Patient patient;
    patient.fail();
    patient.probe(ProbeResult::refused, random);
    CHECK(patient.until_probe() == pause);
  }
}

TEST_CASE("a worker that fails again before it has answered an image is probed less often") {
  Patient patient;
  for (const int pause_s : {1, 2, 4}) {
    patient.fail();
    CHECK(patient.until_probe() == seconds(pause_s));
    CHECK(patient.probe(ProbeResult::good) == Change::none);
    CHECK(patient.until_probe() == seconds(1));
    CHECK(patient.probe(ProbeResult::good) == Change::readmitted);
  }
  patient.health.answered(patient.now, options);
  patient.fail();
  CHECK(patient.until_probe() == seconds(1));
}

TEST_CASE("a suspected worker is probed at once, but not for every suspicion") {
  Patient patient;
  patient.health.suspect(patient.now, options);
  CHECK(patient.until_probe() == seconds(0));
  patient.probe(ProbeResult::good);
  for (int i = 0; i < 3; ++i) patient.health.suspect(patient.now, options);
  CHECK(patient.until_probe() == seconds(1));
}

TEST_CASE("an answer doesn't clear a suspicion, but a probe does") {
  Patient patient;
  patient.health.suspect(patient.now, options);
  patient.health.answered(patient.now, options);
  CHECK(patient.until_probe() == seconds(0));
  patient.probe(ProbeResult::good);
  patient.health.answered(patient.now, options);
  CHECK(patient.until_probe() == seconds(10));
}

TEST_CASE("a suspicion of an ejected worker changes nothing") {
  Patient patient;
  patient.fail();
  patient.health.suspect(patient.now, options);
  patient.health.answered(patient.now, options);
  CHECK(patient.until_probe() == seconds(1));
  CHECK(patient.health.state() == WorkerState::ejected);
}

TEST_CASE("the time until a worker is forgotten restarts with each good probe") {
  Patient patient;
  CHECK_FALSE(patient.health.expired(patient.now + std::chrono::hours(1000), options));
  patient.fail();
  CHECK_FALSE(patient.health.expired(patient.now + std::chrono::hours(23), options));
  CHECK(patient.health.expired(patient.now + std::chrono::hours(24), options));
  patient.now += std::chrono::hours(23);
  patient.health.begin_probe();
  patient.health.end_probe(ProbeResult::good, patient.now, options, 0);
  CHECK_FALSE(patient.health.expired(patient.now + std::chrono::hours(23), options));
}
