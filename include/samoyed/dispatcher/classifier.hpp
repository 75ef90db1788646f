#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>

#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/protocol/encoded_image.hpp"

namespace samoyed::dispatcher {

/// One image to recognize, and what its answer should contain.
struct ClassifyRequest {
  std::shared_ptr<const protocol::EncodedImage> image;
  /// Number of labels wanted from a worker that speaks the extended dialect. A reference server
  /// always returns five.
  std::optional<int> top = std::nullopt;
  /// Longer side of the thumbnail wanted, in pixels, 1..protocol::thumbnail_side_max. A worker that
  /// doesn't make thumbnails answers without one.
  std::optional<int> thumbnail_side = std::nullopt;
  /// The name of the model that must answer, as workers state it in hello; empty for the
  /// default (WorkerList). If no worker runs it, the outcome is a Failure with `unknown_model`.
  std::string model = {};
  /// Whom the image belongs to. Clients whose images wait get equal shares of the workers' time.
  /// Empty for work of the service itself, which shares like one client.
  std::string client = {};
  /// Appears in the log; may be empty.
  std::string request_id = {};
  /// When this time passes, the outcome is a Failure with `deadline`.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  /// The caller emits this slot's signal when no one waits for the answer anymore. The outcome is
  /// then immediately a Failure with `cancelled`.
  asio::cancellation_slot cancelled = {};
};

/// Recognizes images: the dispatcher, or a fake in a test.
class Classifier {
 public:
  virtual ~Classifier() = default;

  /// Recognizes one image. Reports failures in the Outcome and throws no exceptions of its own.
  virtual asio::awaitable<Outcome> classify(ClassifyRequest request) = 0;
};

}  // namespace samoyed::dispatcher
