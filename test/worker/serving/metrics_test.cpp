#include "worker/serving/metrics.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "worker/serving/worker_server_fixture.hpp"

using namespace samoyed;
using worker::Metrics;
using worker::MetricsSnapshot;

namespace {

const worker::ModelDescription model{"squeezenet1_1", 1000, false};

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != text.npos;
}

std::string outcome_line(const std::string& outcome, int count) {
  return "samoyed_worker_recognitions_total{outcome=\"" + outcome + "\"} " + std::to_string(count);
}

protocol::Recognition recognition(std::optional<protocol::PhaseTimes> times) {
  return {.top = {{"ant", 0, 1.0}}, .width = 1, .height = 1, .times = times};
}

}  // namespace

TEST_CASE("images are counted by outcome, and recognized ones with their phase times") {
  Metrics metrics(model);
  metrics.count_image(1000);
  metrics.count_image(500);
  metrics.count(recognition(
      protocol::PhaseTimes{.queue_ms = 0, .decode_ms = 2, .resize_ms = 3, .forward_ms = 2000}));
  metrics.count(recognition({}));
  metrics.count(protocol::Refusal{protocol::RefusalReason::too_many_pixels, "Too many."});
  metrics.count(protocol::RefusalReason::too_large);
  metrics.count(protocol::RefusalReason::too_slow);
  metrics.count_left();
  const std::string text = metrics.text({});
  for (const std::string& line :
       {std::string("# TYPE samoyed_worker_recognitions_total counter"), outcome_line("ok", 2),
        outcome_line("too_many_pixels", 1), outcome_line("too_large", 1), outcome_line("left", 1),
        outcome_line("too_slow", 1), outcome_line("busy", 0), outcome_line("internal", 0),
        std::string("samoyed_worker_image_bytes_total 1500"),
        std::string("# TYPE samoyed_worker_phase_seconds histogram"),
        std::string("samoyed_worker_phase_seconds_count{phase=\"queue\"} 1"),
        std::string("samoyed_worker_phase_seconds_count{phase=\"decode\"} 1"),
        std::string("samoyed_worker_phase_seconds_sum{phase=\"forward\"} 2"),
        std::string("samoyed_worker_phase_seconds_bucket{phase=\"resize\",le=\"0.0025\"} 0"),
        std::string("samoyed_worker_phase_seconds_bucket{phase=\"resize\",le=\"0.005\"} 1")}) {
    INFO(line << "\n" << text);
    CHECK(has_line(text, line));
  }
}

TEST_CASE("a worker's scrape shows its current state") {
  const MetricsSnapshot snapshot{.queued = 3,
                                 .queued_bytes = 300,
                                 .recognizing = 2,
                                 .threads = 4,
                                 .connections = 5,
                                 .receiving_bytes = 70,
                                 .process = {.resident_bytes = 1 << 20}};
  const std::string text = Metrics(model).text(snapshot);
  for (const std::string line :
       {"samoyed_worker_queue_images 3", "samoyed_worker_queue_bytes 300",
        "samoyed_worker_recognitions_in_flight 2", "samoyed_worker_threads 4",
        "samoyed_worker_connections 5", "samoyed_worker_receiving_bytes 70",
        "process_resident_memory_bytes 1048576",
        "samoyed_worker_model_info{labels=\"1000\",model=\"squeezenet1_1\",trained=\"false\"} 1"}) {
    INFO(line << "\n" << text);
    CHECK(has_line(text, line));
  }
}

TEST_CASE("a worker's scrape shows TLS only if it is on") {
  MetricsSnapshot snapshot;
  CHECK(Metrics(model).text(snapshot).find("_tls_") == std::string::npos);
  snapshot.tls = io::TlsStatus{
      .handshakes = 3, .failures = {{"not_tls", 4}}, .reload_failures = 0, .expires_s = 5};
  const std::string text = Metrics(model).text(snapshot);
  CHECK(has_line(text, "samoyed_worker_tls_handshakes_total 3"));
  CHECK(has_line(text, "samoyed_worker_tls_failures_total{reason=\"not_tls\"} 4"));
  CHECK(has_line(text, "samoyed_worker_tls_certificate_expiry_timestamp_seconds 5"));
}

TEST_CASE("the server counts the outcome of every image") {
  worker::Server::Limits limits;
  limits.image_bytes_max = 100;
  test::WorkerServerFixture fixture(limits, {.threads = 1, .queued_max = 1});
  {
    test::Client client(fixture);
    client.exchange("good image");
    client.begin("throw");
    client.expect(protocol::data_message("error:internal"));
    client.send("A");
    client.begin(std::string(200, 'x'));
    client.expect(protocol::data_message("error:too large"));
    client.send("A");
    fixture.recognizer.close();
    client.begin("begun");
    fixture.recognizer.wait_for_started(3);
    test::Client queued(fixture), refused(fixture);
    queued.begin("waits");
    fixture.wait_until_full(true);
    refused.begin("too many");
    refused.expect(protocol::data_message("error:busy"));
    std::error_code ignored;
    queued.socket().close(ignored);
    fixture.wait_until_full(false);
    fixture.recognizer.open();
    client.expect(protocol::data_message("begun:1.0"));
  }
  fixture.stop();
  fixture.wait_for_end();
  const std::string text = fixture.metrics.text({});
  for (const std::string& line :
       {outcome_line("ok", 2), outcome_line("internal", 1), outcome_line("too_large", 1),
        outcome_line("busy", 1), outcome_line("left", 1), outcome_line("unreadable", 0),
        // The bytes of "good image", "throw", "begun", "waits" and "too many".
        std::string("samoyed_worker_image_bytes_total 33")}) {
    INFO(line << "\n" << text);
    CHECK(has_line(text, line));
  }
}
