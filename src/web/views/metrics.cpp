#include "web/views/metrics.hpp"

#include <chrono>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <utility>

#include "samoyed/io/metric_families.hpp"
#include "samoyed/protocol/address.hpp"
#include "web/http/reasons.hpp"

namespace samoyed::web {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

/// More workers would be too many series. Then only the totals are reported.
constexpr std::size_t workers_listed_max = 64;

void add_worker_series(Registry& registry, const std::vector<dispatcher::WorkerRow>& rows) {
  auto& in_flight = prometheus::BuildGauge()
                        .Name("samoyed_worker_images_in_flight")
                        .Help("Images in flight at each worker.")
                        .Register(registry);
  auto& images =
      prometheus::BuildCounter()
          .Name("samoyed_worker_images_total")
          .Help("Images by worker and outcome (done, failed) since the worker was added.")
          .Register(registry);
  for (const dispatcher::WorkerRow& row : rows) {
    const std::string name = protocol::to_string(row.worker.address);
    in_flight.Add({{"worker", name}}).Set(static_cast<double>(row.counts.in_flight));
    images.Add({{"worker", name}, {"outcome", "done"}})
        .Increment(static_cast<double>(row.counts.done));
    images.Add({{"worker", name}, {"outcome", "failed"}})
        .Increment(static_cast<double>(row.counts.failed));
  }
}

void add_workers(Registry& registry, const std::vector<dispatcher::WorkerRow>& rows) {
  double in_rotation = 0;
  for (const auto& row : rows) in_rotation += row.state == dispatcher::WorkerState::in_rotation;
  auto& states = prometheus::BuildGauge()
                     .Name("samoyed_workers")
                     .Help("Workers in the list, by state.")
                     .Register(registry);
  states.Add({{"state", "in_rotation"}}).Set(in_rotation);
  states.Add({{"state", "removed"}}).Set(static_cast<double>(rows.size()) - in_rotation);
  if (rows.size() <= workers_listed_max) add_worker_series(registry, rows);
}

void add_discovery(Registry& registry, const std::vector<dispatcher::DiscoveryStatus>& statuses) {
  if (statuses.empty()) return;
  auto& lookups = prometheus::BuildCounter()
                      .Name("samoyed_discovery_lookups_total")
                      .Help("DNS lookups for workers, by the name of --discover.")
                      .Register(registry);
  auto& failures = prometheus::BuildCounter()
                       .Name("samoyed_discovery_failures_total")
                       .Help("DNS lookups for workers that no DNS server answered.")
                       .Register(registry);
  auto& age = prometheus::BuildGauge()
                  .Name("samoyed_discovery_answer_age_seconds")
                  .Help("Time since DNS last answered a lookup for workers, or since the start.")
                  .Register(registry);
  auto& workers = prometheus::BuildGauge()
                      .Name("samoyed_discovery_workers")
                      .Help("Addresses of workers that DNS has, or that are held without it.")
                      .Register(registry);
  for (const auto& status : statuses) {
    const prometheus::Labels labels{{"name", status.name}};
    lookups.Add(labels).Increment(static_cast<double>(status.lookups));
    failures.Add(labels).Increment(static_cast<double>(status.failures));
    age.Add(labels).Set(std::chrono::duration<double>(status.answer_age).count());
    workers.Add(labels).Set(static_cast<double>(status.workers));
  }
}

void add_snapshot(Registry& registry, const MetricsSnapshot& snapshot) {
  add_workers(registry, snapshot.workers);
  add_discovery(registry, snapshot.discovery);
  if (snapshot.worker_tls) io::add_tls(registry, "samoyed_tls", *snapshot.worker_tls);
  const auto number = [](auto value) { return static_cast<double>(value); };
  const auto& dispatch = snapshot.dispatch;
  io::add_counter(registry, "samoyed_worker_tries_total",
                  "Images sent to workers, including retries.", number(dispatch.attempts));
  auto& changes = prometheus::BuildCounter()
                      .Name("samoyed_worker_changes_total")
                      .Help(
                          "Workers that were ejected (removed), that came back (readmitted), and "
                          "that were deleted after staying away too long (forgotten).")
                      .Register(registry);
  changes.Add({{"change", "removed"}}).Increment(number(dispatch.ejected));
  changes.Add({{"change", "readmitted"}}).Increment(number(dispatch.readmitted));
  changes.Add({{"change", "forgotten"}}).Increment(number(dispatch.forgotten));
  io::add_gauge(registry, "samoyed_requests_in_flight",
                "Uploads in flight, from their header to their answer.", number(snapshot.requests));
  io::add_gauge(registry, "samoyed_held_bytes", "Memory held for uploads, in bytes.",
                number(snapshot.held_bytes));
  io::add_gauge(registry, "samoyed_connections", "Open HTTP connections.",
                number(snapshot.connections));
  io::add_gauge(registry, "samoyed_streams", "Open event streams.", number(snapshot.streams));
  if (snapshot.jobs) {
    auto& jobs = prometheus::BuildGauge()
                     .Name("samoyed_jobs")
                     .Help("Images in unfinished jobs, by state.")
                     .Register(registry);
    jobs.Add({{"state", "waiting"}}).Set(number(snapshot.jobs->waiting));
    jobs.Add({{"state", "running"}}).Set(number(snapshot.jobs->running));
    io::add_gauge(registry, "samoyed_spool_bytes",
                  "Size of the images in unfinished jobs, in bytes.", number(snapshot.jobs->bytes));
  }
  if (snapshot.storage_available) {
    io::add_gauge(registry, "samoyed_storage_available",
                  "1 if results and jobs can be read and stored, else 0.",
                  number(*snapshot.storage_available));
  }
  if (snapshot.results_unreadable) {
    io::add_counter(registry, "samoyed_results_unreadable_total",
                    "Times that a result was left out because it is damaged.",
                    number(*snapshot.results_unreadable));
  }
  if (snapshot.results_dropped) {
    io::add_counter(registry, "samoyed_results_dropped_total", "Results that could not be stored.",
                    number(*snapshot.results_dropped));
  }
  io::add_process(registry, snapshot.process);
}

}  // namespace

struct Metrics::Families {
  Registry registry;
  prometheus::Family<Counter>& requests =
      prometheus::BuildCounter()
          .Name("samoyed_requests_total")
          .Help("Recognized images (ok), and rejected requests with images, by reason.")
          .Register(registry);
  io::PhaseHistograms phases{registry, "samoyed_phase_seconds",
                             "Time that recognized images spent in each phase."};
  Counter& ok = requests.Add({{"outcome", "ok"}});
  Histogram& transfer = phases.add("transfer");
  Histogram& total = phases.add("total");
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {
  // A counter must exist before its first increase, or Prometheus misses that increase.
  for (const ReasonRow& row : reasons()) {
    if (row.status >= 500) families_->requests.Add({{"outcome", std::string(row.code)}});
  }
}

Metrics::~Metrics() = default;

void Metrics::count(const dispatcher::Answer& answer) {
  families_->ok.Increment();
  families_->transfer.Observe(answer.transfer_ms / 1000);
  families_->total.Observe(answer.elapsed_ms / 1000);
  // A reference server sends no phase times.
  if (const auto& times = answer.recognition.times) {
    families_->phases.observe(
        {times->queue_ms, times->decode_ms, times->resize_ms, times->forward_ms});
  }
}

void Metrics::count_refused(std::string_view reason) {
  families_->requests.Add({{"outcome", std::string(reason)}}).Increment();
}

std::string Metrics::text(const MetricsSnapshot& snapshot) const {
  Registry momentary;
  add_snapshot(momentary, snapshot);
  return io::metrics_text(families_->registry, momentary);
}

}  // namespace samoyed::web
