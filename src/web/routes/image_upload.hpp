#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "web/http/http_message.hpp"
#include "web/routes/policy.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

namespace samoyed::web {

/// One image of an upload.
struct UploadedImage {
  /// As its sender names it; may be empty, or hold anything.
  std::string file_name;
  /// The file, within the request's body or the upload's `decoded`; never empty.
  std::string_view bytes;
};

/// The images of a request, and what is wanted of them.
struct ImageUpload {
  /// At least one.
  std::vector<UploadedImage> images;
  /// Labels wanted; std::nullopt: as many as the workers give.
  std::optional<int> top = std::nullopt;
  /// The model that shall answer; empty: any.
  std::string model = {};
  /// Image files that came in another encoding than their own.
  std::vector<std::string> decoded = {};
};

/// The reason why the body that a request announces can't be of the kind that its endpoint takes,
/// judged by its head.
std::optional<Problem> check_body_type(Body body, const Request& head);

/// Reads the images of a whole request: a form, or the bytes of one image file. An endpoint of the
/// API also reads the query's `top` and `model`. The upload refers to the request's body.
std::variant<ImageUpload, Problem> read_image_upload(const Services& services,
                                                     const RequestContext& context);

}  // namespace samoyed::web
