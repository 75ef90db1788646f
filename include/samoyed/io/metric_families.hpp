#pragma once

#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <string>

#include "samoyed/io/process.hpp"

/// What the metrics of all our programs have in common. Names follow Prometheus' conventions.
namespace samoyed::io {

/// From the decoding of a small image to the whole time of a request, in seconds.
const prometheus::Histogram::BucketBoundaries& phase_buckets();

/// How long each phase of a recognition took, in milliseconds.
struct PhaseMilliseconds {
  double queue = 0;
  double decode = 0;
  double resize = 0;
  double forward = 0;
};

/// A family of histograms of the time that recognitions take, one histogram a phase. The registry
/// must outlive it.
class PhaseHistograms {
 public:
  PhaseHistograms(prometheus::Registry& registry, const std::string& name, const std::string& help);

  /// Adds a further phase.
  prometheus::Histogram& add(const std::string& phase);

  void observe(const PhaseMilliseconds& phases);

 private:
  prometheus::Family<prometheus::Histogram>& family_;
  prometheus::Histogram& queue_;
  prometheus::Histogram& decode_;
  prometheus::Histogram& resize_;
  prometheus::Histogram& forward_;
};

/// The text that Prometheus reads: the families of both registries.
std::string metrics_text(prometheus::Registry& lasting, prometheus::Registry& momentary);

/// A family of one gauge with this value.
void add_gauge(prometheus::Registry& registry, const std::string& name, const std::string& help,
               double value);

/// A family of one counter with this value.
void add_counter(prometheus::Registry& registry, const std::string& name, const std::string& help,
                 double value);

/// The families that Prometheus' own client libraries have of a process.
void add_process(prometheus::Registry& registry, const ProcessUse& process);

}  // namespace samoyed::io
