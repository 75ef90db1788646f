#include "web/routes/inference.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include <nlohmann/json.hpp>

#include "samoyed/protocol/base64.hpp"
#include "samoyed/protocol/limits.hpp"
#include "web/http/bounded_json.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view input_name = "image";
constexpr std::string_view probabilities_name = "probabilities";
constexpr std::string_view labels_name = "labels";
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

bool read_base64(const Json& data, std::size_t count, InferenceRequest& request) {
  const Json& elements = data.is_array() && data.size() == 1 && data[0].is_array() ? data[0] : data;
  if (!elements.is_array() || elements.size() != count) return false;
  for (const Json& element : elements) {
    // For shape [N, 1], the elements may be lists of one.
    const Json& text = element.is_array() && element.size() == 1 ? element[0] : element;
    if (!text.is_string()) return false;
    const auto& base64 = text.get_ref<const std::string&>();
    protocol::Base64Decoder decoder(base64.size());
    decoder.update(base64);
    if (!decoder.complete()) return false;
    const auto bytes = decoder.take();
    request.decoded.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  request.images.assign(request.decoded.begin(), request.decoded.end());
  return true;
}

std::optional<Problem> read_input(const Json& json, std::string_view binary,
                                  InferenceRequest& request) {
  const Json inputs = member(json, "inputs");
  if (!inputs.is_array() || inputs.size() != 1 || member(inputs[0], "name") != input_name) {
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
    if (binary.empty() && read_base64(member(input, "data"), count, request)) return std::nullopt;
    return bad("The `data` of `image` must contain as many base64 strings as its shape says.");
  }
  const bool all =
      binary_size.is_number_unsigned() && binary_size.get<std::uint64_t>() == binary.size();
  if (all && read_binary(binary, count, request.images)) return std::nullopt;
  return bad(
      "The binary data of `image` must contain as many elements as its shape says, each a 4-byte "
      "length followed by that many bytes, and `binary_data_size` bytes in total.");
}

std::optional<Problem> read_outputs(const Json& json, InferenceOptions& options) {
  const Json outputs = member(json, "outputs");
  const bool binary = is_true(member(member(json, "parameters"), "binary_data_output"));
  if (outputs.is_null() || (outputs.is_array() && outputs.empty())) {
    options.probabilities = options.labels = {true, binary};
    return std::nullopt;
  }
  if (!outputs.is_array()) return bad("`outputs` must be a list.");
  for (const Json& output : outputs) {
    const Json name = member(output, "name");
    const bool labels = name == labels_name;
    if (!labels && name != probabilities_name) {
      return bad("The model's outputs are `probabilities` and `labels`.");
    }
    const Json own = member(member(output, "parameters"), "binary_data");
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
    const bool fits = top.is_number_unsigned() && top.get<std::uint64_t>() >= 1 &&
                      top.get<std::uint64_t>() <= protocol::top_max;
    if (!fits)
      return bad("The parameter `top` must be a number from 1 to " +
                 std::to_string(protocol::top_max) + ".");
    request.top = top.get<int>();
  }
  return read_outputs(json, request.options);
}

void append_number(std::string& bytes, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(number >> shift & 0xff);
}

/// One output of an answer: its entry in the JSON, and the bytes that follow the JSON if the output
/// is binary.
struct Tensor {
  Json json;
  std::string binary;
};

Tensor probabilities_tensor(std::span<const protocol::Recognition> recognitions, std::size_t width,
                            bool binary) {
  Tensor tensor{
      {{"name", probabilities_name}, {"datatype", "FP32"}, {"shape", {recognitions.size(), width}}},
      {}};
  Json data = Json::array();
  for (const auto& recognition : recognitions) {
    for (std::size_t i = 0; i < width; ++i) {
      const auto value = static_cast<float>(recognition.top[i].probability);
      if (binary) {
        append_number(tensor.binary, std::bit_cast<std::uint32_t>(value));
      } else {
        data.push_back(value);
      }
    }
  }
  if (!binary) tensor.json["data"] = std::move(data);
  return tensor;
}

Tensor labels_tensor(std::span<const protocol::Recognition> recognitions, std::size_t width,
                     bool binary) {
  Tensor tensor{
      {{"name", labels_name}, {"datatype", "BYTES"}, {"shape", {recognitions.size(), width}}}, {}};
  Json data = Json::array();
  for (const auto& recognition : recognitions) {
    for (std::size_t i = 0; i < width; ++i) {
      const std::string& label = recognition.top[i].label;
      if (binary) {
        append_number(tensor.binary, static_cast<std::uint32_t>(label.size()));
        tensor.binary += label;
      } else {
        data.push_back(label);
      }
    }
  }
  if (!binary) tensor.json["data"] = std::move(data);
  return tensor;
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

InferenceBody inference_body(const InferenceOptions& options,
                             std::span<const protocol::Recognition> recognitions) {
  std::size_t width = std::numeric_limits<std::size_t>::max();
  for (const auto& recognition : recognitions) width = std::min(width, recognition.top.size());
  std::vector<Tensor> tensors;
  if (options.probabilities.wanted) {
    tensors.push_back(probabilities_tensor(recognitions, width, options.probabilities.binary));
  }
  if (options.labels.wanted) {
    tensors.push_back(labels_tensor(recognitions, width, options.labels.binary));
  }
  if (options.labels_first) std::ranges::reverse(tensors);
  Json json = {{"model_name", options.model}};
  if (!options.id.empty()) json["id"] = options.id;
  json["outputs"] = Json::array();
  std::string binary;
  for (Tensor& tensor : tensors) {
    const bool follows = !tensor.json.contains("data");
    if (follows) tensor.json["parameters"] = {{"binary_data_size", tensor.binary.size()}};
    json["outputs"].push_back(std::move(tensor.json));
    binary += tensor.binary;
  }
  InferenceBody body{to_text(json), {}};
  const bool any_binary = (options.probabilities.wanted && options.probabilities.binary) ||
                          (options.labels.wanted && options.labels.binary);
  if (any_binary) body.json_length = body.bytes.size();
  body.bytes += binary;
  return body;
}

std::string inference_server_json() {
  return to_text({{"name", "samoyed"},
                  {"version", SAMOYED_VERSION},
                  {"extensions", Json::array({"binary_tensor_data"})}});
}

std::string inference_model_json(std::string_view model) {
  const auto tensor = [](std::string_view name, std::string_view type, Json shape) {
    return Json{{"name", name}, {"datatype", type}, {"shape", std::move(shape)}};
  };
  return to_text({{"name", model},
                  {"platform", "samoyed"},
                  {"inputs", Json::array({tensor(input_name, "BYTES", {-1})})},
                  {"outputs", Json::array({tensor(probabilities_name, "FP32", {-1, -1}),
                                           tensor(labels_name, "BYTES", {-1, -1})})}});
}

std::string inference_ready_json(std::string_view model) {
  return to_text({{"name", model}, {"ready", true}});
}

}  // namespace samoyed::web
