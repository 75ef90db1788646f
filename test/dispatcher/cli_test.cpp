#include "dispatcher/cli.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;
using std::chrono::milliseconds;

TEST_CASE("the dispatcher's options take the units in their names") {
  CLI::App app;
  DispatchOptions dispatch;
  HealthOptions health;
  add_dispatch_options(app, dispatch);
  add_health_options(app, health);
  SECTION("without options the defaults apply") {
    app.parse("", false);
    CHECK_FALSE(dispatch.hedge_after.has_value());
    CHECK(dispatch.connections_per_worker_max == 256);
    CHECK(health.readmit);
    CHECK(health.forget_after == std::chrono::hours(24));
  }
  SECTION("all options") {
    app.parse(
        "--hedge-after-ms 250 --connections-per-worker-max 7 --no-readmit --probe-pause-ms 20 "
        "--probe-pause-max-ms 400 --idle-probe-interval-ms 3000 --forget-after-s 60",
        false);
    CHECK(dispatch.hedge_after == milliseconds(250));
    CHECK(dispatch.connections_per_worker_max == 7);
    CHECK_FALSE(health.readmit);
    CHECK(health.first_probe_pause == milliseconds(20));
    CHECK(health.probe_pause_max == milliseconds(400));
    CHECK(health.idle_probe_interval == milliseconds(3000));
    CHECK(health.forget_after == std::chrono::minutes(1));
  }
  SECTION("zero is rejected") {
    for (const std::string name : {"--hedge-after-ms", "--connections-per-worker-max",
                                   "--probe-pause-ms", "--forget-after-s"}) {
      CHECK_THROWS_AS(app.parse(name + " 0", false), CLI::ParseError);
    }
  }
}
