#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "samoyed/io/process.hpp"
#include "samoyed/protocol/result.hpp"
#include "worker/serving/recognizer.hpp"

namespace samoyed::worker {

/// Values that are read at the moment of a scrape.
struct MetricsSnapshot {
  std::size_t queued = 0;          ///< Images that wait.
  std::uint64_t queued_bytes = 0;  ///< Bytes of their files.
  std::size_t recognizing = 0;     ///< Images under recognition.
  std::size_t threads = 0;         ///< Recognition threads.
  std::size_t connections = 0;
  std::uint64_t receiving_bytes = 0;  ///< Bytes of image files being received.
  io::ProcessUse process = {};
};

/// The worker's numbers for Prometheus: images are counted as they are answered, the rest is read
/// on each scrape.
///
/// Thread rule: the network thread.
class Metrics {
 public:
  explicit Metrics(const ModelDescription& model);
  ~Metrics();

  /// Counts an image that came whole and is to be recognized.
  void count_image(std::size_t bytes);
  /// Counts an image's answer, and where the time of a recognition went.
  void count(const protocol::Result& result);
  /// Counts an answer that is no recognition.
  void count(protocol::RefusalReason reason);
  /// Counts an image whose peer left before its answer.
  void count_left();

  /// Everything in the text exposition format, version 0.0.4.
  std::string text(const MetricsSnapshot& snapshot) const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace samoyed::worker
