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

/// What a page needs to show an image with its answer.
struct Preview {
  /// The same as in ResultView.
  std::string_view type;
  std::string_view base64;
};

/// The outcome of an upload.
struct RecognizedUpload {
  /// In the order of the upload's images. Fewer than the images if a failure ended the upload, or
  /// if the client left.
  std::vector<dispatcher::Outcome> outcomes;
  /// One for each outcome, unless the client left. They refer to `images`.
  std::vector<Preview> previews;
  /// The images that have a preview.
  std::vector<std::shared_ptr<const protocol::EncodedImage>> images;
};

/// Whether a failed image ends its upload.
enum class OnFailure { stop, go_on };

/// Recognizes the images of an upload one after the other, and counts and records the answers.
/// Holds no more memory than the request's ticket allows, and frees the request's body once its
/// images are encoded. Of a stored form it holds one image at a time, and those that a page shows.
/// Ends early if the client leaves. The only error is `overloaded`.
asio::awaitable<std::variant<RecognizedUpload, Problem>> recognize_upload(Services& services,
                                                                          RequestContext& context,
                                                                          ImageUpload& upload,
                                                                          OnFailure on_failure);

/// Counts the failures among the outcomes. If the response itself carries a reason, the first
/// failure is left out, because the connection counts it.
void count_failures(Metrics& metrics, const Response& response,
                    const std::vector<dispatcher::Outcome>& outcomes);

/// Returns the error that the client gets for a failed recognition by `model`, which is empty for
/// the default one.
Problem to_problem(const Services& services, const dispatcher::Failure& failure,
                   std::string_view model);

}  // namespace samoyed::web
