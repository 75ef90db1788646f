#include "worker/serving/metrics.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "samoyed/io/metric_families.hpp"
#include "samoyed/protocol/wire.hpp"

namespace samoyed::worker {
namespace {

using prometheus::Counter;
using prometheus::Registry;
using protocol::RefusalReason;

/// All reasons for which this worker refuses an image.
constexpr std::array refusal_reasons = {RefusalReason::busy,       RefusalReason::too_large,
                                        RefusalReason::unreadable, RefusalReason::too_many_pixels,
                                        RefusalReason::too_slow,   RefusalReason::bad_encoding,
                                        RefusalReason::bad_option, RefusalReason::internal};

/// Returns the protocol's name of the reason as a Prometheus label value, for example `too_large`.
std::string outcome(RefusalReason reason) {
  std::string value(to_string(reason));
  std::replace(value.begin(), value.end(), ' ', '_');
  return value;
}

void add_snapshot(Registry& registry, const MetricsSnapshot& snapshot) {
  const auto gauge = [&](const char* name, const char* help, auto value) {
    io::add_gauge(registry, name, help, static_cast<double>(value));
  };
  gauge("samoyed_worker_queue_images", "Images waiting to be recognized.", snapshot.queued);
  gauge("samoyed_worker_queue_bytes", "Total file size of the images waiting to be recognized.",
        snapshot.queued_bytes);
  gauge("samoyed_worker_recognitions_in_flight", "Images being recognized.", snapshot.recognizing);
  gauge("samoyed_worker_threads", "Images that can be recognized at the same time.",
        snapshot.threads);
  gauge("samoyed_worker_connections", "Open protocol connections.", snapshot.connections);
  gauge("samoyed_worker_receiving_bytes",
        "Bytes received so far of image files that are not complete yet.",
        snapshot.receiving_bytes);
  if (snapshot.tls) io::add_tls(registry, "samoyed_worker_tls", *snapshot.tls);
  io::add_process(registry, snapshot.process);
}

}  // namespace

struct Metrics::Families {
  Registry registry;
  prometheus::Family<Counter>& recognitions =
      prometheus::BuildCounter()
          .Name("samoyed_worker_recognitions_total")
          .Help(
              "Images by outcome: recognized (ok), refused (the reason), or abandoned because the "
              "peer disconnected before the result (left).")
          .Register(registry);
  Counter& image_bytes = prometheus::BuildCounter()
                             .Name("samoyed_worker_image_bytes_total")
                             .Help("Total size of the image files received for recognition.")
                             .Register(registry)
                             .Add({});
  io::PhaseHistograms phases{registry, "samoyed_worker_phase_seconds",
                             "Time spent in each phase of recognizing an image."};
  Counter& ok = recognitions.Add({{"outcome", "ok"}});
  Counter& left = recognitions.Add({{"outcome", "left"}});
};

Metrics::Metrics(const ModelDescription& model) : families_(std::make_unique<Families>()) {
  prometheus::BuildGauge()
      .Name("samoyed_worker_model_info")
      .Help("The model that this worker runs, as labels. The value is always 1.")
      .Register(families_->registry)
      .Add({{"model", model.name},
            {"labels", std::to_string(model.label_count)},
            {"trained", model.trained ? "true" : "false"}})
      .Set(1);
  // Create all series at the start, so that Prometheus sees the first increase of each.
  for (const RefusalReason reason : refusal_reasons) {
    families_->recognitions.Add({{"outcome", outcome(reason)}});
  }
}

Metrics::~Metrics() = default;

void Metrics::count_image(std::size_t bytes) {
  families_->image_bytes.Increment(static_cast<double>(bytes));
}

void Metrics::count(const protocol::Result& result) {
  if (const auto* refusal = std::get_if<protocol::Refusal>(&result)) {
    count(refusal->reason);
    return;
  }
  families_->ok.Increment();
  const auto& times = std::get<protocol::Recognition>(result).times;
  if (times) {
    families_->phases.observe(
        {times->queue_ms, times->decode_ms, times->resize_ms, times->forward_ms});
  }
}

void Metrics::count(RefusalReason reason) {
  families_->recognitions.Add({{"outcome", outcome(reason)}}).Increment();
}

void Metrics::count_left() { families_->left.Increment(); }

std::string Metrics::text(const MetricsSnapshot& snapshot) const {
  Registry momentary;
  add_snapshot(momentary, snapshot);
  return io::metrics_text(families_->registry, momentary);
}

}  // namespace samoyed::worker
