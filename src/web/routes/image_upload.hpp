#pragma once

#include <cstdint>
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
  /// The file's name on the sender's system. May be empty or contain anything.
  std::string file_name;
  /// The file's bytes, a view into the request's body or the upload's `decoded`. Empty if the file
  /// is `stored`.
  std::string_view bytes;
  /// The part of the request's stored form that is the file.
  std::optional<ScannedPart> stored = std::nullopt;
  /// Why the file can't be recognized, if that doesn't concern the other images of the upload.
  std::optional<Problem> problem = std::nullopt;

  std::uint64_t size() const { return stored ? stored->size : bytes.size(); }
};

/// The images of a request and the options for recognizing them.
struct ImageUpload {
  /// At least one.
  std::vector<UploadedImage> images;
  /// Number of labels to return. std::nullopt: as many as the workers return by default.
  std::optional<int> top = std::nullopt;
  /// The model to use. Empty: the default one.
  std::string model = {};
  /// Image files that were decoded from another encoding, such as base64.
  std::vector<std::string> decoded = {};
};

/// Returns an error if, judging by its head, a request's body has a type that its endpoint doesn't
/// accept.
std::optional<Problem> check_body_type(Body body, const Request& head);

/// Reads the images of a whole request: a form, or the bytes of one image file. A form may also
/// have a field `model`. For endpoints of the API, also reads `top` and `model` from the query. The
/// upload refers to the request's body. An empty or too large file is an error, except among
/// several for a page: that shows it.
std::variant<ImageUpload, Problem> read_image_upload(const Services& services,
                                                     const RequestContext& context);

}  // namespace samoyed::web
