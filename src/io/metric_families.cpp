#include "samoyed/io/metric_families.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/text_serializer.h>
#include <utility>

#include "samoyed/io/log.hpp"

namespace samoyed::io {

const prometheus::Histogram::BucketBoundaries& phase_buckets() {
  static const prometheus::Histogram::BucketBoundaries buckets = {
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
      0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    60};
  return buckets;
}

PhaseHistograms::PhaseHistograms(prometheus::Registry& registry, const std::string& name,
                                 const std::string& help)
    : family_(prometheus::BuildHistogram().Name(name).Help(help).Register(registry)),
      queue_(add("queue")),
      decode_(add("decode")),
      resize_(add("resize")),
      forward_(add("forward")) {}

prometheus::Histogram& PhaseHistograms::add(const std::string& phase) {
  return family_.Add({{"phase", phase}}, phase_buckets());
}

void PhaseHistograms::observe(const PhaseMilliseconds& phases) {
  queue_.Observe(phases.queue / 1000);
  decode_.Observe(phases.decode / 1000);
  resize_.Observe(phases.resize / 1000);
  forward_.Observe(phases.forward / 1000);
}

std::string metrics_text(prometheus::Registry& lasting, prometheus::Registry& momentary) {
  auto metrics = lasting.Collect();
  for (auto& family : momentary.Collect()) metrics.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(metrics);
}

void add_gauge(prometheus::Registry& registry, const std::string& name, const std::string& help,
               double value) {
  prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({}).Set(value);
}

void add_counter(prometheus::Registry& registry, const std::string& name, const std::string& help,
                 double value) {
  prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({}).Increment(value);
}

void add_tls(prometheus::Registry& registry, const std::string& prefix, const TlsStatus& status) {
  add_counter(registry, prefix + "_handshakes_total", "TLS handshakes that succeeded.",
              static_cast<double>(status.handshakes));
  auto& failures = prometheus::BuildCounter()
                       .Name(prefix + "_failures_total")
                       .Help("TLS handshakes that failed, by reason.")
                       .Register(registry);
  for (const auto& [reason, count] : status.failures) {
    failures.Add({{"reason", std::string(reason)}}).Increment(static_cast<double>(count));
  }
  add_counter(registry, prefix + "_reload_failures_total",
              "Times that SIGHUP found unusable certificates, so that the former stayed in use.",
              static_cast<double>(status.reload_failures));
  add_gauge(registry, prefix + "_certificate_expiry_timestamp_seconds",
            "When this program's certificate expires, in seconds since 1970.",
            static_cast<double>(status.expires_s));
}

void add_process(prometheus::Registry& registry, const ProcessUse& process) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  add_gauge(registry, "process_resident_memory_bytes", "Resident memory size in bytes.",
            number(process.resident_bytes));
  add_gauge(registry, "process_virtual_memory_bytes", "Virtual memory size in bytes.",
            number(process.virtual_bytes));
  add_counter(registry, "process_cpu_seconds_total",
              "Total user and system CPU time spent in seconds.", process.cpu_seconds);
  add_gauge(registry, "process_open_fds", "Number of open file descriptors.",
            number(process.open_descriptors));
  add_gauge(registry, "process_max_fds", "Maximum number of open file descriptors.",
            number(process.descriptors_max));
  add_counter(registry, "samoyed_log_lines_dropped_total",
              "Lines of the log that nobody read or that couldn't be written.",
              number(dropped_log_lines()));
}

}  // namespace samoyed::io
