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

// The Open Inference Protocol, version 2, over HTTP, with its binary tensor data extension: what a
// model's tensors are, and how requests and answers are read and written. A model takes `image`, a
// BYTES tensor of encoded pictures, shape [N] or [N, 1], and gives `probabilities` (FP32) and
// `labels` (BYTES), shape [N, K], best first.

/// The field that says how many bytes of a body are JSON, where tensors follow it in binary form.
inline constexpr std::string_view inference_length_name = "Inference-Header-Content-Length";

/// Pictures in one request.
inline constexpr std::size_t inference_images_max = 16;
/// The JSON before binary tensors.
inline constexpr std::size_t inference_header_bytes_max = std::size_t{64} << 10;
/// A body that is JSON throughout: it is read in one go, by the thread that serves all. Larger
/// pictures come in binary form.
inline constexpr std::size_t inference_json_bytes_max = std::size_t{4} << 20;

/// What a client wants of an answer.
struct InferenceOptions {
  std::string id;  ///< Given back; may be empty.
  std::string model;
  struct Output {
    bool wanted = false;
    bool binary = false;
  };
  Output probabilities;
  Output labels;
  bool labels_first = false;  ///< In the order in which they were asked for.
};

/// A request that was understood.
struct InferenceRequest {
  InferenceOptions options;
  std::optional<int> top;
  /// The pictures' files, each in the request's body, or in `decoded` where it came as base64.
  std::vector<std::string_view> images;
  std::vector<std::string> decoded;
};

/// Reads a whole body. JSON elements of `image` are base64: an encoded picture is no text.
/// `header_length` is the value of `Inference-Header-Content-Length`; empty where that is missing.
/// The views are into `body`, and valid for as long as it and the result.
std::variant<InferenceRequest, Problem> parse_inference(std::string_view body,
                                                        std::string_view header_length);

/// The answer's body, and how many of its bytes are JSON where binary tensors follow.
struct InferenceBody {
  std::string bytes;
  std::optional<std::size_t> json_length;
};
InferenceBody inference_body(const InferenceOptions& options,
                             std::span<const protocol::Recognition> recognitions);

/// What the server says of itself, and of a model.
std::string inference_server_json();
std::string inference_model_json(std::string_view model);
std::string inference_ready_json(std::string_view model);

}  // namespace samoyed::web
