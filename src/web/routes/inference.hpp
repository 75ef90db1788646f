#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "samoyed/dispatcher/outcome.hpp"
#include "web/http/http_message.hpp"

namespace samoyed::web {

// The Open Inference Protocol, version 2, over HTTP, with its binary tensor data extension: the
// tensors of a model, and how requests are parsed and answers written. A model takes `image`, a
// BYTES tensor of image files with the shape [N] or [N, 1], and returns `probabilities` (FP32) and
// `labels` (BYTES) with the shape [N, K], the most likely first. With the classification extension,
// `probabilities` is a BYTES tensor that also holds the classes and labels.

/// The field that states how many bytes of a body are JSON, if binary tensors follow the JSON.
inline constexpr std::string_view inference_length_name = "Inference-Header-Content-Length";

/// The names of the tensors.
inline constexpr std::string_view inference_input_name = "image";
inline constexpr std::string_view inference_probabilities_name = "probabilities";
inline constexpr std::string_view inference_labels_name = "labels";

/// Every model has one version.
inline constexpr std::string_view inference_version = "1";

/// Maximum number of images in one request.
inline constexpr std::size_t inference_images_max = 16;
/// Maximum size of the JSON before binary tensors.
inline constexpr std::size_t inference_header_bytes_max = std::size_t{64} << 10;
/// Maximum size of a body that is entirely JSON. It is parsed in one step, by the thread that
/// serves all clients. Larger images must be sent as binary tensors.
inline constexpr std::size_t inference_json_bytes_max = std::size_t{4} << 20;

/// What a client wants in an answer.
struct InferenceOptions {
  std::string id;  ///< Returned with the answer. May be empty.
  std::string model;
  struct Output {
    bool wanted = false;
    bool binary = false;
  };
  Output probabilities;
  Output labels;
  /// `probabilities` holds texts such as `0.930090:258:Samoyed` instead of numbers.
  bool classification = false;
  bool labels_first = false;  ///< The client asked for `labels` before `probabilities`.
};

/// A parsed request.
struct InferenceRequest {
  InferenceOptions options;
  std::optional<int> top;
  /// The image files. Each is a view into the request's body, or into `decoded` if it came as
  /// base64.
  std::vector<std::string_view> images;
  std::vector<std::string> decoded;
};

/// Parses a whole body. Elements of `image` in JSON are base64, because an image file is not text.
/// Base64 may have line breaks, and no padding.
/// `header_length` is the value of `Inference-Header-Content-Length`, empty if it is missing. The
/// result's views refer to `body` and to the result itself, and are valid as long as both exist.
std::variant<InferenceRequest, Problem> parse_inference(std::string_view body,
                                                        std::string_view header_length);

/// The answer's body. If binary tensors follow the JSON, `json_length` is the JSON's length in
/// bytes.
struct InferenceBody {
  std::string bytes;
  std::optional<std::size_t> json_length;
};
InferenceBody inference_body(const InferenceOptions& options,
                             std::span<const protocol::Recognition> recognitions);

/// The server's metadata, a model's metadata, and a ready model's status.
std::string inference_server_json();
std::string inference_model_json(std::string_view model);
std::string inference_ready_json(std::string_view model);

}  // namespace samoyed::web
