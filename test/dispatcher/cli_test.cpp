#include "dispatcher/cli.hpp"

#include <catch2/catch.hpp>

#include "support/certificates.hpp"

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

TEST_CASE("the options of TLS belong together, and name unusable files") {
  CLI::App app;
  WorkerTlsArguments arguments;
  DispatchOptions options;
  add_worker_tls_options(app, arguments);
  const samoyed::test::CertificateAuthority authority;
  const samoyed::io::TlsFiles files = authority.issue("ours");
  const std::string ca = "--worker-tls-ca " + files.ca.string();
  const std::string certificate = " --worker-tls-cert " + files.certificate.string();
  const std::string key = " --worker-tls-key " + files.key.string();
  SECTION("none") {
    app.parse("", false);
    apply_worker_tls(arguments, options);
    CHECK(options.tls == nullptr);
  }
  SECTION("all") {
    app.parse(ca + certificate + key + " --worker-plain 127.0.0.1:1 --worker-plain [::1]:2", false);
    apply_worker_tls(arguments, options);
    REQUIRE(options.tls != nullptr);
    CHECK(options.tls->role() == samoyed::io::TlsRole::client);
    CHECK(options.plain_workers ==
          std::set<samoyed::protocol::Address>{{"127.0.0.1", 1}, {"::1", 2}});
  }
  SECTION("not all") {
    for (const std::string& part : {ca, certificate, key, ca + certificate, certificate + key}) {
      INFO(part);
      CHECK_THROWS_AS(app.parse(part, false), CLI::ParseError);
    }
  }
  SECTION("plain text is the rule without TLS") {
    CHECK_THROWS_AS(app.parse("--worker-plain 127.0.0.1:1", false), CLI::ParseError);
  }
  SECTION("a bad address") {
    CHECK_THROWS_WITH(app.parse(ca + certificate + key + " --worker-plain here", false),
                      Catch::Contains("\"here\" isn't a worker address"));
  }
  SECTION("an unusable file") {
    std::filesystem::remove(files.key);
    app.parse(ca + certificate + key, false);
    CHECK_THROWS_WITH(apply_worker_tls(arguments, options), Catch::Contains(files.key.string()));
  }
}
