#include "web/routes/inference.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "samoyed/protocol/base64.hpp"
#include "samoyed/protocol/limits.hpp"
#include "web/http/bounded_json.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t id_length_max = 256;

Problem bad(std::string sentence) { return {Reason::bad_parameter, std::move(sentence)}; }

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Returns `object[name]`, or null if it is missing.
Json member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? Json(nullptr) : *found;
}

bool is_true(const Json& json) { return json.is_boolean() && json.get<bool>(); }

bool is_label_count(const Json& json) {
  return json.is_number_unsigned() && json.get<std::uint64_t>() >= 1 &&
         json.get<std::uint64_t>() <= protocol::top_max;
}

/// Returns the number of images that a shape stands for, or 0 if the shape is not supported.
std::uint64_t count_of(const Json& shape) {
  if (!shape.is_array() || shape.empty() || shape.size() > 2) return 0;
  for (const Json& side : shape) {
    if (!side.is_number_unsigned()) return 0;
  }
  if (shape.size() == 2 && shape[1].get<std::uint64_t>() != 1) return 0;
  return shape[0].get<std::uint64_t>();
}

/// Reads the elements of a BYTES tensor in binary form. Each is a 4-byte little-endian length,
/// followed by that many bytes.
bool read_binary(std::string_view bytes, std::size_t count, std::vector<std::string_view>& images) {
  while (!bytes.empty() && images.size() < count) {
    if (bytes.size() < 4) return false;
    std::uint32_t length = 0;
    for (int i = 3; i >= 0; --i) {
      length = length << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    }
    bytes.remove_prefix(4);
    if (bytes.size() < length) return false;
    images.push_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return bytes.empty() && images.size() == count;
}

/// Returns the text without line breaks and blanks, and with the padding that many clients leave
/// out.
std::string in_one_line(std::string base64) {
  std::erase_if(base64, [](char c) { return c == '\r' || c == '\n' || c == '\t' || c == ' '; });
  while (base64.size() % 4 == 2 || base64.size() % 4 == 3) base64 += '=';
  return base64;
}

std::optional<Problem> read_base64(const Json& data, std::size_t count, InferenceRequest& request) {
  const Problem miscounted =
      bad("The `data` of `image` must contain as many base64 strings as its shape says.");
  const Json& elements = data.is_array() && data.size() == 1 && data[0].is_array() ? data[0] : data;
  if (!elements.is_array() || elements.size() != count) return miscounted;
  for (const Json& element : elements) {
    // For shape [N, 1], the elements may be lists of one.
    const Json& text = element.is_array() && element.size() == 1 ? element[0] : element;
    if (!text.is_string()) return miscounted;
    const std::string base64 = in_one_line(text.get<std::string>());
    protocol::Base64Decoder decoder(base64.size());
    decoder.update(base64);
    if (!decoder.complete()) {
      return bad("String " + std::to_string(request.decoded.size() + 1) +
                 " in the `data` of `image` isn't base64 (RFC 4648, section 4).");
    }
    const auto bytes = decoder.take();
    request.decoded.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  request.images.assign(request.decoded.begin(), request.decoded.end());
  return std::nullopt;
}

std::optional<Problem> read_input(const Json& json, std::string_view binary,
                                  InferenceRequest& request) {
  const Json inputs = member(json, "inputs");
  if (!inputs.is_array() || inputs.size() != 1 ||
      member(inputs[0], "name") != inference_input_name) {
    return bad("The model takes exactly one input, named `image`.");
  }
  const Json& input = inputs[0];
  if (member(input, "datatype") != "BYTES") return bad("The datatype of `image` must be BYTES.");
  const std::uint64_t count = count_of(member(input, "shape"));
  if (count == 0 || count > inference_images_max) {
    return bad("The shape of `image` must be [N] or [N, 1], with N from 1 to " +
               std::to_string(inference_images_max) + ".");
  }
  const Json parameters = member(input, "parameters");
  const Json binary_size = member(parameters, "binary_data_size");
  if (binary_size.is_null()) {
    const Json type = member(parameters, "content_type");
    if (!type.is_null() && type != "base64") {
      return bad("The `content_type` of `image` must be `base64`.");
    }
    if (!binary.empty()) {
      return bad("Binary data follows the JSON, but `image` has no `binary_data_size`.");
    }
    return read_base64(member(input, "data"), count, request);
  }
  const bool all =
      binary_size.is_number_unsigned() && binary_size.get<std::uint64_t>() == binary.size();
  if (all && read_binary(binary, count, request.images)) return std::nullopt;
  return bad(
      "The binary data of `image` must contain as many elements as its shape says, each a 4-byte "
      "length followed by that many bytes, and `binary_data_size` bytes in total.");
}

/// Reads the parameter `classification` of an output: the number of labels, each with its
/// probability and index in one text. It does the same as `top`, so they must not differ.
std::optional<Problem> read_classification(const Json& parameters, bool labels,
                                           InferenceRequest& request) {
  const Json count = member(parameters, "classification");
  if (count.is_null()) return std::nullopt;
  if (labels) {
    return bad("Only the output `probabilities` can have the parameter `classification`.");
  }
  const bool fits = is_label_count(count);
  if (!fits || request.top.value_or(count.get<int>()) != count.get<int>()) {
    return bad("The parameter `classification` must be a number from 1 to " +
               std::to_string(protocol::top_max) + ", the same as `top` if that is given.");
  }
  request.top = count.get<int>();
  request.options.classification = true;
  return std::nullopt;
}

std::optional<Problem> read_outputs(const Json& json, InferenceRequest& request) {
  InferenceOptions& options = request.options;
  const Json outputs = member(json, "outputs");
  const bool binary = is_true(member(member(json, "parameters"), "binary_data_output"));
  if (outputs.is_null() || (outputs.is_array() && outputs.empty())) {
    options.probabilities = options.labels = {true, binary};
    return std::nullopt;
  }
  if (!outputs.is_array()) return bad("`outputs` must be a list.");
  for (const Json& output : outputs) {
    const Json name = member(output, "name");
    const bool labels = name == inference_labels_name;
    if (!labels && name != inference_probabilities_name) {
      return bad("The model's outputs are `probabilities` and `labels`.");
    }
    const Json parameters = member(output, "parameters");
    if (auto problem = read_classification(parameters, labels, request)) return problem;
    const Json own = member(parameters, "binary_data");
    InferenceOptions::Output& wanted = labels ? options.labels : options.probabilities;
    if (labels && !options.probabilities.wanted) options.labels_first = true;
    wanted = {true, own.is_boolean() ? own.get<bool>() : binary};
  }
  return std::nullopt;
}

std::optional<Problem> read_options(const Json& json, InferenceRequest& request) {
  const Json id = member(json, "id");
  if (!id.is_null()) {
    if (!id.is_string() || id.get_ref<const std::string&>().size() > id_length_max) {
      return bad("`id` must be a string of at most " + std::to_string(id_length_max) + " bytes.");
    }
    request.options.id = id.get<std::string>();
  }
  const Json top = member(member(json, "parameters"), "top");
  if (!top.is_null()) {
    if (!is_label_count(top))
      return bad("The parameter `top` must be a number from 1 to " +
                 std::to_string(protocol::top_max) + ".");
    request.top = top.get<int>();
  }
  return read_outputs(json, request);
}

}  // namespace

std::variant<InferenceRequest, Problem> parse_inference(std::string_view body,
                                                        std::string_view header_length) {
  std::string_view text = body;
  if (!header_length.empty()) {
    const auto length = parse_number(header_length);
    if (!length || *length > body.size() || *length > inference_header_bytes_max) {
      return bad(std::string(inference_length_name) + " must be the length of the JSON, at most " +
                 std::to_string(inference_header_bytes_max) + " bytes.");
    }
    text = body.substr(0, *length);
  } else if (body.size() > inference_json_bytes_max) {
    return Problem{Reason::too_large, "The JSON is too large (limit " +
                                          size_text(inference_json_bytes_max) +
                                          "). Send larger images as binary tensors."};
  }
  const auto json = parse_bounded_json(text);
  if (!json || !json->is_object()) {
    return bad("The body must be a JSON object of at most " + std::to_string(json_values_max) +
               " values and " + std::to_string(json_depth_max) + " levels.");
  }
  InferenceRequest request;
  if (auto problem = read_options(*json, request)) return std::move(*problem);
  if (auto problem = read_input(*json, body.substr(text.size()), request)) {
    return std::move(*problem);
  }
  return request;
}

}  // namespace samoyed::web
