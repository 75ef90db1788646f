#pragma once

#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <string>

#include "samoyed/io/process.hpp"
#include "samoyed/io/tls_context.hpp"

/// Metrics that all programs have in common. Their names follow the Prometheus conventions.
namespace samoyed::io {

/// Histogram buckets in seconds, from the decoding of a small image up to the total time of a
/// request.
const prometheus::Histogram::BucketBoundaries& phase_buckets();

/// The duration of each phase of a recognition, in milliseconds.
struct PhaseMilliseconds {
  double queue = 0;
  double decode = 0;
  double resize = 0;
  double forward = 0;
};

/// A family of histograms of recognition times, one histogram per phase. The registry must outlive
/// it.
class PhaseHistograms {
 public:
  PhaseHistograms(prometheus::Registry& registry, const std::string& name, const std::string& help);

  /// Adds another phase.
  prometheus::Histogram& add(const std::string& phase);

  void observe(const PhaseMilliseconds& phases);

 private:
  prometheus::Family<prometheus::Histogram>& family_;
  prometheus::Histogram& queue_;
  prometheus::Histogram& decode_;
  prometheus::Histogram& resize_;
  prometheus::Histogram& forward_;
};

/// The families of both registries in Prometheus' text format.
std::string metrics_text(prometheus::Registry& lasting, prometheus::Registry& momentary);

/// Adds a family with one gauge of this value.
void add_gauge(prometheus::Registry& registry, const std::string& name, const std::string& help,
               double value);

/// Adds a family with one counter of this value.
void add_counter(prometheus::Registry& registry, const std::string& name, const std::string& help,
                 double value);

/// Adds the handshakes, the failures and our certificate's expiry. The names begin with `prefix`.
void add_tls(prometheus::Registry& registry, const std::string& prefix, const TlsStatus& status);

/// Adds the process metrics that the official Prometheus client libraries export, and the number of
/// dropped log lines.
void add_process(prometheus::Registry& registry, const ProcessUse& process);

}  // namespace samoyed::io
