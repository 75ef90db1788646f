#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "samoyed/io/process.hpp"
#include "samoyed/io/tls_context.hpp"
#include "samoyed/protocol/result.hpp"
#include "worker/serving/recognizer.hpp"

namespace samoyed::worker {

/// Values that are read at each scrape.
struct MetricsSnapshot {
  std::size_t queued = 0;          ///< Images that wait in the queue.
  std::uint64_t queued_bytes = 0;  ///< Bytes of their files.
  std::size_t recognizing = 0;     ///< Images that are being recognized.
  std::size_t threads = 0;         ///< Recognition threads.
  std::size_t connections = 0;
  std::uint64_t receiving_bytes = 0;  ///< Bytes of image files that are being received.
  std::optional<io::TlsStatus> tls = std::nullopt;  ///< Without TLS, std::nullopt.
  io::ProcessUse process = {};
};

/// The worker's Prometheus metrics. Images are counted as they are answered; all other values are
/// read at each scrape.
///
/// Thread rule: the network thread.
class Metrics {
 public:
  explicit Metrics(const ModelDescription& model);
  ~Metrics();

  /// Counts an image file that was received completely and is due for recognition.
  void count_image(std::size_t bytes);
  /// Counts an image's result and, for a recognition, observes the time of each phase.
  void count(const protocol::Result& result);
  /// Counts an image that was refused.
  void count(protocol::RefusalReason reason);
  /// Counts an image whose peer disconnected before the result.
  void count_left();

  /// Returns all metrics in the text exposition format, version 0.0.4.
  std::string text(const MetricsSnapshot& snapshot) const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace samoyed::worker
