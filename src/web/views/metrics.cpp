#include "web/views/metrics.hpp"

#include <algorithm>
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
  const auto count = [&](dispatcher::WorkerState state) {
    return static_cast<double>(std::ranges::count(rows, state, &dispatcher::WorkerRow::state));
  };
  auto& states = prometheus::BuildGauge()
                     .Name("samoyed_workers")
                     .Help("Workers in the list, by state.")
                     .Register(registry);
  states.Add({{"state", "in_rotation"}}).Set(count(dispatcher::WorkerState::in_rotation));
  states.Add({{"state", "draining"}}).Set(count(dispatcher::WorkerState::draining));
  states.Add({{"state", "removed"}}).Set(count(dispatcher::WorkerState::ejected));
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

void add_store_calls(Registry& registry, const std::vector<dispatcher::StoreStatus::Part>& parts) {
  auto& calls =
      prometheus::BuildCounter()
          .Name("samoyed_store_calls_total")
          .Help("Transactions and queries in the store, by the part that made them and outcome.")
          .Register(registry);
  auto& lengths = prometheus::BuildHistogram()
                      .Name("samoyed_store_call_seconds")
                      .Help(
                          "Length of transactions and queries in the store, without the wait for a "
                          "thread. Those that failed before they reached it are left out.")
                      .Register(registry);
  const auto& bounds = dispatcher::CallCounts::bounds_s;
  const Histogram::BucketBoundaries boundaries(bounds.begin(), bounds.end());
  for (const auto& part : parts) {
    calls.Add({{"part", part.name}, {"outcome", "done"}})
        .Increment(static_cast<double>(part.calls.done));
    calls.Add({{"part", part.name}, {"outcome", "failed"}})
        .Increment(static_cast<double>(part.calls.failed));
    const auto& by_length = part.calls.by_length;
    lengths.Add({{"part", part.name}}, boundaries)
        .ObserveMultiple({by_length.begin(), by_length.end()}, part.calls.total_s);
  }
}

double seconds(std::chrono::milliseconds length) {
  return std::chrono::duration<double>(length).count();
}

void add_shared_store(Registry& registry, const dispatcher::StoreStatus::Shared& shared) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  io::add_counter(registry, "samoyed_store_reconnects_total",
                  "Connections to the store that replaced a lost one.", number(shared.reconnects));
  io::add_counter(registry, "samoyed_store_connect_failures_total",
                  "Attempts to connect to the store that failed.", number(shared.connect_failures));
  io::add_gauge(registry, "samoyed_store_lease_age_seconds",
                "Time since the lease in the store was renewed, or since the start.",
                seconds(shared.lease_age));
  if (shared.oldest_snapshot) {
    io::add_gauge(registry, "samoyed_store_oldest_snapshot_seconds",
                  "Age of the oldest transaction that keeps the store from removing old rows, as "
                  "far as the dispatcher's role may see.",
                  seconds(*shared.oldest_snapshot));
  }
  auto& rescued = prometheus::BuildCounter()
                      .Name("samoyed_store_rescued_jobs_total")
                      .Help(
                          "Jobs taken over from dispatchers without a lease: they wait again, or "
                          "have failed because that happened too often.")
                      .Register(registry);
  rescued.Add({{"outcome", "waiting"}}).Increment(number(shared.rescued));
  rescued.Add({{"outcome", "failed"}}).Increment(number(shared.rescue_failed));
  io::add_counter(registry, "samoyed_store_refused_ends_total",
                  "Ends of jobs that the store refused, because another dispatcher had taken the "
                  "job over.",
                  number(shared.refused_ends));
}

void add_store(Registry& registry, const dispatcher::StoreStatus& store) {
  add_store_calls(registry, store.parts);
  io::add_gauge(registry, "samoyed_jobs_oldest_waiting_seconds",
                "Time since the oldest waiting job was submitted; 0 if none waits.",
                seconds(store.oldest_waiting.value_or(std::chrono::milliseconds(0))));
  if (store.shared) add_shared_store(registry, *store.shared);
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
                          "Workers that were ejected (removed), that said that they are about to "
                          "stop (draining) and did (left), that came back (readmitted), and that "
                          "were deleted after staying away too long (forgotten).")
                      .Register(registry);
  changes.Add({{"change", "removed"}}).Increment(number(dispatch.ejected));
  changes.Add({{"change", "draining"}}).Increment(number(dispatch.drained));
  changes.Add({{"change", "left"}}).Increment(number(dispatch.left));
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
  if (snapshot.store) add_store(registry, *snapshot.store);
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
