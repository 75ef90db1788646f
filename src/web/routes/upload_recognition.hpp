#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/protocol/encoded_image.hpp"
#include "web/routes/image_upload.hpp"

namespace samoyed::web {

/// For showing an image again with its answer.
struct Preview {
  /// As ResultView has them.
  std::string_view type;
  std::string_view base64;
};

/// The outcome of an upload.
struct RecognizedUpload {
  /// In the order of the upload's images; fewer if the first failure ended it.
  std::vector<dispatcher::Outcome> outcomes;
  /// One for each image; they refer to `images`.
  std::vector<Preview> previews;
  std::vector<std::shared_ptr<const protocol::EncodedImage>> images;
};

/// Whether an image that is not recognized ends its upload.
enum class OnFailure { stop, go_on };

/// Has the images of an upload recognized one after the other, counts and records the answers.
/// Holds no more memory than the request's ticket allows, and drops the request's body once its
/// images are encoded. Ends early if the client leaves. The problem is `overloaded`.
asio::awaitable<std::variant<RecognizedUpload, Problem>> recognize_upload(Services& services,
                                                                          RequestContext& context,
                                                                          ImageUpload& upload,
                                                                          OnFailure on_failure);

/// Counts the failures among the outcomes, but for the one that the response itself names: the
/// connection counts that.
void count_failures(Metrics& metrics, const Response& response,
                    const std::vector<dispatcher::Outcome>& outcomes);

/// A failed recognition, as the client is told.
Problem to_problem(const dispatcher::Failure& failure);

}  // namespace samoyed::web
