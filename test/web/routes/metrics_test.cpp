#include "web/views/metrics.hpp"

#include <catch2/catch.hpp>

#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using test::count_of;
using test::HandlerFixture;
using Verdict = AdminGate::Verdict;

bool has_line(const std::string& text, const std::string& line) {
  return count_of("\n" + text, "\n" + line + "\n") == 1;
}

dispatcher::Answer answer(bool with_times) {
  dispatcher::Answer answer;
  if (with_times) {
    answer.recognition.times =
        protocol::PhaseTimes{.queue_ms = 1, .decode_ms = 2, .resize_ms = 3, .forward_ms = 4};
  }
  answer.transfer_ms = 5;
  answer.elapsed_ms = 2000;
  return answer;
}

TEST_CASE("recognized images are counted with their times, failed ones by reason") {
  Metrics metrics;
  metrics.count(answer(true));
  metrics.count(answer(false));
  metrics.count_refused("unreadable");
  metrics.count_refused("unreadable");
  const std::string text = metrics.text({});
  CHECK(has_line(text, "# TYPE samoyed_requests_total counter"));
  CHECK(has_line(text, "samoyed_requests_total{outcome=\"ok\"} 2"));
  CHECK(has_line(text, "samoyed_requests_total{outcome=\"unreadable\"} 2"));
  CHECK(has_line(text, "samoyed_requests_total{outcome=\"no_active_worker\"} 0"));
  CHECK(has_line(text, "# TYPE samoyed_phase_seconds histogram"));
  for (const std::string phase : {"queue", "decode", "resize", "forward"}) {
    CHECK(has_line(text, "samoyed_phase_seconds_count{phase=\"" + phase + "\"} 1"));
  }
  CHECK(has_line(text, "samoyed_phase_seconds_count{phase=\"transfer\"} 2"));
  CHECK(has_line(text, "samoyed_phase_seconds_sum{phase=\"transfer\"} 0.01"));
  CHECK(has_line(text, "samoyed_phase_seconds_sum{phase=\"total\"} 4"));
  CHECK(has_line(text, "samoyed_phase_seconds_bucket{phase=\"total\",le=\"1\"} 0"));
  CHECK(has_line(text, "samoyed_phase_seconds_bucket{phase=\"total\",le=\"2.5\"} 2"));
}

TEST_CASE("a scrape reports the current state") {
  MetricsSnapshot snapshot;
  dispatcher::WorkerRow row;
  row.worker.address = {"localhost", 8888};
  row.counts = {.in_flight = 3, .done = 10, .failed = 1, .latency_ms = 0};
  snapshot.workers.push_back(row);
  row.worker.address = {"quote\"", 1};
  row.state = dispatcher::WorkerState::ejected;
  snapshot.workers.push_back(row);
  row.worker.address = {"leaver", 2};
  row.state = dispatcher::WorkerState::draining;
  snapshot.workers.push_back(row);
  snapshot.dispatch = {
      .attempts = 20, .ejected = 4, .readmitted = 3, .forgotten = 2, .drained = 8, .left = 6};
  snapshot.requests = 7;
  snapshot.held_bytes = 4096;
  snapshot.connections = 9;
  snapshot.streams = 2;
  snapshot.jobs = MetricsSnapshot::Jobs{.waiting = 5, .running = 1, .bytes = 1000};
  snapshot.results_dropped = 3;
  snapshot.process.resident_bytes = 1 << 20;
  const std::string text = Metrics().text(snapshot);
  for (const std::string line :
       {"samoyed_workers{state=\"in_rotation\"} 1",
        "samoyed_workers{state=\"removed\"} 1",
        "samoyed_workers{state=\"draining\"} 1",
        "samoyed_worker_changes_total{change=\"draining\"} 8",
        "samoyed_worker_changes_total{change=\"left\"} 6",
        "samoyed_worker_images_in_flight{worker=\"localhost:8888\"} 3",
        "samoyed_worker_images_total{outcome=\"done\",worker=\"localhost:8888\"} 10",
        "samoyed_worker_images_total{outcome=\"failed\",worker=\"quote\\\":1\"} 1",
        "samoyed_worker_tries_total 20",
        "samoyed_worker_changes_total{change=\"removed\"} 4",
        "samoyed_worker_changes_total{change=\"readmitted\"} 3",
        "samoyed_worker_changes_total{change=\"forgotten\"} 2",
        "samoyed_requests_in_flight 7",
        "samoyed_held_bytes 4096",
        "samoyed_connections 9",
        "samoyed_streams 2",
        "samoyed_jobs{state=\"waiting\"} 5",
        "samoyed_jobs{state=\"running\"} 1",
        "samoyed_spool_bytes 1000",
        "samoyed_results_dropped_total 3",
        "process_resident_memory_bytes 1048576"}) {
    INFO(line << "\n" << text);
    CHECK(has_line(text, line));
  }
}

TEST_CASE("a scrape reports the lookups of workers by DNS, if there are any") {
  MetricsSnapshot snapshot;
  CHECK(count_of(Metrics().text(snapshot), "samoyed_discovery") == 0);
  snapshot.discovery = {{.name = "w:1",
                         .lookups = 9,
                         .failures = 2,
                         .workers = 3,
                         .answer_age = std::chrono::milliseconds(1500)}};
  const std::string text = Metrics().text(snapshot);
  CHECK(has_line(text, "samoyed_discovery_lookups_total{name=\"w:1\"} 9"));
  CHECK(has_line(text, "samoyed_discovery_failures_total{name=\"w:1\"} 2"));
  CHECK(has_line(text, "samoyed_discovery_answer_age_seconds{name=\"w:1\"} 1.5"));
  CHECK(has_line(text, "samoyed_discovery_workers{name=\"w:1\"} 3"));
}

TEST_CASE("a scrape reports how the store works, if there is one") {
  MetricsSnapshot snapshot;
  CHECK(count_of(Metrics().text(snapshot), "samoyed_store") == 0);
  dispatcher::CallCounts calls{.done = 5, .failed = 2, .total_s = 0.75};
  calls.by_length[1] = 4;
  calls.by_length.back() = 1;
  snapshot.store = dispatcher::StoreStatus{
      .parts = {{.name = "jobs", .calls = calls}}, .oldest_waiting = {}, .shared = {}};
  const std::string own = Metrics().text(snapshot);
  CHECK(has_line(own, "samoyed_store_calls_total{outcome=\"done\",part=\"jobs\"} 5"));
  CHECK(has_line(own, "samoyed_store_calls_total{outcome=\"failed\",part=\"jobs\"} 2"));
  CHECK(has_line(own, "samoyed_store_call_seconds_bucket{part=\"jobs\",le=\"0.0005\"} 0"));
  CHECK(has_line(own, "samoyed_store_call_seconds_bucket{part=\"jobs\",le=\"0.001\"} 4"));
  CHECK(has_line(own, "samoyed_store_call_seconds_bucket{part=\"jobs\",le=\"10\"} 4"));
  CHECK(has_line(own, "samoyed_store_call_seconds_count{part=\"jobs\"} 5"));
  CHECK(has_line(own, "samoyed_store_call_seconds_sum{part=\"jobs\"} 0.75"));
  CHECK(has_line(own, "samoyed_jobs_oldest_waiting_seconds 0"));
  CHECK(count_of(own, "samoyed_store_lease") == 0);
  snapshot.store->oldest_waiting = std::chrono::milliseconds(1500);
  snapshot.store->shared =
      dispatcher::StoreStatus::Shared{.reconnects = 3,
                                      .connect_failures = 4,
                                      .lease_age = std::chrono::milliseconds(2500),
                                      .oldest_snapshot = std::nullopt,
                                      .rescued = 5,
                                      .rescue_failed = 6,
                                      .refused_ends = 7};
  CHECK(count_of(Metrics().text(snapshot), "oldest_snapshot") == 0);
  snapshot.store->shared->oldest_snapshot = std::chrono::milliseconds(500);
  const std::string shared = Metrics().text(snapshot);
  for (const std::string line :
       {"samoyed_jobs_oldest_waiting_seconds 1.5", "samoyed_store_reconnects_total 3",
        "samoyed_store_connect_failures_total 4", "samoyed_store_lease_age_seconds 2.5",
        "samoyed_store_oldest_snapshot_seconds 0.5",
        "samoyed_store_rescued_jobs_total{outcome=\"waiting\"} 5",
        "samoyed_store_rescued_jobs_total{outcome=\"failed\"} 6",
        "samoyed_store_refused_ends_total 7"}) {
    INFO(line << "\n" << shared);
    CHECK(has_line(shared, line));
  }
}

TEST_CASE("a scrape reports TLS with workers, if it is on") {
  MetricsSnapshot snapshot;
  CHECK(count_of(Metrics().text(snapshot), "samoyed_tls") == 0);
  snapshot.worker_tls = io::TlsStatus{.handshakes = 9,
                                      .failures = {{"expired", 2}, {"wrong_name", 0}},
                                      .reload_failures = 1,
                                      .expires_s = 1798761599};
  const std::string text = Metrics().text(snapshot);
  CHECK(has_line(text, "samoyed_tls_handshakes_total 9"));
  CHECK(has_line(text, "samoyed_tls_failures_total{reason=\"expired\"} 2"));
  CHECK(has_line(text, "samoyed_tls_failures_total{reason=\"wrong_name\"} 0"));
  CHECK(has_line(text, "samoyed_tls_reload_failures_total 1"));
  CHECK(has_line(text, "samoyed_tls_certificate_expiry_timestamp_seconds 1798761599"));
}

TEST_CASE("many workers are counted but not listed") {
  MetricsSnapshot snapshot;
  snapshot.workers.resize(65);
  const std::string text = Metrics().text(snapshot);
  CHECK(has_line(text, "samoyed_workers{state=\"in_rotation\"} 65"));
  CHECK(count_of(text, "worker=\"") == 0);
}

struct ScrapeTest : HandlerFixture {
  explicit ScrapeTest(const std::string& token = {}) : HandlerFixture(token) {}

  Response scrape() {
    services.rules.is_local = [](std::string_view address) { return address == "10.0.0.1"; };
    services.metrics_text = [] { return std::string("samoyed_x 1\n"); };
    return get("/metrics");
  }
};

TEST_CASE_METHOD(ScrapeTest,
                 "without a token, only this machine and private networks see metrics") {
  CHECK(scrape().status == 403);
  CHECK(find_field(scrape().fields, "Samoyed-Reason") == "private_only");
  context.address = "10.0.0.1";
  const Response shown = scrape();
  CHECK(shown.status == 200);
  CHECK(shown.body == "samoyed_x 1\n");
  CHECK(find_field(shown.fields, "Content-Type") == metrics_media_type);
}

struct GuardedScrapeTest : ScrapeTest {
  GuardedScrapeTest() : ScrapeTest("secret") {}
};

TEST_CASE_METHOD(GuardedScrapeTest, "with a token, its holders see metrics from anywhere") {
  context.address = "10.0.0.1";
  context.admin = Verdict::missing;
  CHECK(scrape().status == 401);
  context.address = "192.0.2.1";
  context.admin = Verdict::admitted;
  CHECK(scrape().status == 200);
}

}  // namespace
}  // namespace samoyed::web
