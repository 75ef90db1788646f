#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <string>
#include <utility>

#include "samoyed/io/process.hpp"
#include "samoyed/protocol/result.hpp"

/// What the metrics of all our programs have in common. Names follow Prometheus' conventions.
namespace samoyed::io {

/// From a small picture's decoding to a request's whole time, in seconds.
inline const prometheus::Histogram::BucketBoundaries& phase_buckets() {
  static const prometheus::Histogram::BucketBoundaries buckets = {
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
      0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    60};
  return buckets;
}

/// A family of histograms of where recognitions' time went, in seconds, one for each phase. The registry must
/// outlive it.
class PhaseHistograms {
 public:
  PhaseHistograms(prometheus::Registry& registry, const std::string& name, const std::string& help)
      : family_(prometheus::BuildHistogram().Name(name).Help(help).Register(registry)) {}

  prometheus::Histogram& add(const std::string& phase) {
    return family_.Add({{"phase", phase}}, phase_buckets());
  }

  void observe(const protocol::PhaseTimes& times) {
    queue_.Observe(times.queue_ms / 1000);
    decode_.Observe(times.decode_ms / 1000);
    resize_.Observe(times.resize_ms / 1000);
    forward_.Observe(times.forward_ms / 1000);
  }

 private:
  prometheus::Family<prometheus::Histogram>& family_;
  prometheus::Histogram& queue_ = add("queue");
  prometheus::Histogram& decode_ = add("decode");
  prometheus::Histogram& resize_ = add("resize");
  prometheus::Histogram& forward_ = add("forward");
};

/// What Prometheus reads: the families of both.
inline std::string metrics_text(prometheus::Registry& lasting, prometheus::Registry& momentary) {
  auto metrics = lasting.Collect();
  for (auto& family : momentary.Collect()) metrics.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(metrics);
}

/// A family of one gauge that has this value.
inline void add_gauge(prometheus::Registry& registry, const std::string& name,
                      const std::string& help, double value) {
  prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({}).Set(value);
}

/// A family of one counter that stands at this value.
inline void add_counter(prometheus::Registry& registry, const std::string& name,
                        const std::string& help, double value) {
  prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({}).Increment(value);
}

/// The families that Prometheus' own client libraries have of a process.
inline void add_process(prometheus::Registry& registry, const ProcessUse& process) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  add_gauge(registry, "process_resident_memory_bytes", "Resident memory size in bytes.",
            number(process.resident_bytes));
  add_gauge(registry, "process_virtual_memory_bytes", "Virtual memory size in bytes.",
            number(process.virtual_bytes));
  add_counter(registry, "process_cpu_seconds_total", "User and system CPU time spent in seconds.",
              process.cpu_seconds);
  add_gauge(registry, "process_open_fds", "Open file descriptors.",
            number(process.open_descriptors));
  add_gauge(registry, "process_max_fds", "Most file descriptors that may be open.",
            number(process.descriptors_max));
}

}  // namespace samoyed::io
