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

/// One image to recognise, and how long and how much of the answer is wanted.
struct ClassifyRequest {
  std::shared_ptr<const protocol::EncodedImage> image;
  /// Labels wanted, where the worker speaks the extended dialect; a reference server always gives
  /// its five.
  std::optional<int> top = std::nullopt;
  /// Pixels of the longer side of the thumbnail wanted, 1..protocol::thumbnail_side_max; a worker that
  /// makes none answers without.
  std::optional<int> thumbnail_side = std::nullopt;
  /// The name of the model that shall answer, as its workers say it in hello; empty for any. Without a
  /// worker that runs it the end is a Failure with `unknown_model`.
  std::string model = {};
  /// For the log; may be empty.
  std::string request_id = {};
  /// After it the answer is a Failure with `deadline`, whatever was tried.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  /// Emitted when nobody waits for the answer any more: the end is then a Failure with `cancelled`,
  /// at once.
  asio::cancellation_slot cancelled = {};
};

/// Who answers for an image: the dispatcher, or a test's stand-in.
class Classifier {
 public:
  virtual ~Classifier() = default;

  /// Recognises one image. Fails only as Outcome says; throws nothing of its own.
  virtual asio::awaitable<Outcome> classify(ClassifyRequest request) = 0;
};

}  // namespace samoyed::dispatcher
