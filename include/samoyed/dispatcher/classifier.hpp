#pragma once

#include <memory>
#include <optional>

#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/protocol/encoded_image.hpp"

namespace samoyed::dispatcher {

/// Who answers for an image: the dispatcher, or a test's stand-in.
class Classifier {
 public:
  virtual ~Classifier() = default;

  /// Recognises one image, with `top` labels where the worker speaks the extended dialect (a
  /// reference server always gives its five). Fails only as Outcome says; throws nothing of its
  /// own.
  virtual asio::awaitable<Outcome> classify(std::shared_ptr<const protocol::EncodedImage> image,
                                            std::optional<int> top) = 0;
};

}  // namespace samoyed::dispatcher
