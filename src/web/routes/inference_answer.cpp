#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include <nlohmann/json.hpp>

#include "web/http/bounded_json.hpp"
#include "web/routes/inference.hpp"
#include "web/views/number_text.hpp"

// The answers of the Open Inference Protocol.
namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

void append_number(std::string& bytes, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(number >> shift & 0xff);
}

/// One output of an answer: its entry in the JSON, and the bytes that follow the JSON if the output
/// is binary.
struct Tensor {
  Json json;
  std::string binary;
};

void append_element(std::string& bytes, std::string_view element) {
  append_number(bytes, static_cast<std::uint32_t>(element.size()));
  bytes += element;
}

/// Returns a BYTES tensor of the texts that `text` makes of each label.
template <typename Text>
Tensor bytes_tensor(std::string_view name, std::span<const protocol::Recognition> recognitions,
                    std::size_t width, bool binary, Text text) {
  Tensor tensor{{{"name", name}, {"datatype", "BYTES"}, {"shape", {recognitions.size(), width}}},
                {}};
  Json data = Json::array();
  for (const auto& recognition : recognitions) {
    for (std::size_t i = 0; i < width; ++i) {
      std::string element = text(recognition.top[i]);
      if (binary) {
        append_element(tensor.binary, element);
      } else {
        data.push_back(std::move(element));
      }
    }
  }
  if (!binary) tensor.json["data"] = std::move(data);
  return tensor;
}

/// `0.930090:258:Samoyed`, as the classification extension wants it. The index is empty if the
/// worker didn't report it.
std::string classification_text(const protocol::RankedLabel& ranked) {
  const std::string index = ranked.class_index ? std::to_string(*ranked.class_index) : "";
  return fixed_text(ranked.probability, 6) + ":" + index + ":" + ranked.label;
}

Tensor probabilities_tensor(std::span<const protocol::Recognition> recognitions, std::size_t width,
                            bool binary) {
  Tensor tensor{{{"name", inference_probabilities_name},
                 {"datatype", "FP32"},
                 {"shape", {recognitions.size(), width}}},
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
  return bytes_tensor(inference_labels_name, recognitions, width, binary,
                      [](const protocol::RankedLabel& ranked) { return ranked.label; });
}

Tensor first_tensor(const InferenceOptions& options,
                    std::span<const protocol::Recognition> recognitions, std::size_t width) {
  const bool binary = options.probabilities.binary;
  return options.classification ? bytes_tensor(inference_probabilities_name, recognitions, width,
                                               binary, classification_text)
                                : probabilities_tensor(recognitions, width, binary);
}

}  // namespace

InferenceBody inference_body(const InferenceOptions& options,
                             std::span<const protocol::Recognition> recognitions) {
  std::size_t width = std::numeric_limits<std::size_t>::max();
  for (const auto& recognition : recognitions) width = std::min(width, recognition.top.size());
  std::vector<Tensor> tensors;
  if (options.probabilities.wanted) {
    tensors.push_back(first_tensor(options, recognitions, width));
  }
  if (options.labels.wanted) {
    tensors.push_back(labels_tensor(recognitions, width, options.labels.binary));
  }
  if (options.labels_first) std::ranges::reverse(tensors);
  Json json = {{"model_name", options.model}, {"model_version", inference_version}};
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
                  {"extensions", Json::array({"binary_tensor_data", "classification"})}});
}

std::string inference_model_json(std::string_view model) {
  const auto tensor = [](std::string_view name, std::string_view type, Json shape) {
    return Json{{"name", name}, {"datatype", type}, {"shape", std::move(shape)}};
  };
  return to_text({{"name", model},
                  {"versions", Json::array({inference_version})},
                  {"platform", "samoyed"},
                  {"inputs", Json::array({tensor(inference_input_name, "BYTES", {-1})})},
                  {"outputs", Json::array({tensor(inference_probabilities_name, "FP32", {-1, -1}),
                                           tensor(inference_labels_name, "BYTES", {-1, -1})})}});
}

std::string inference_ready_json(std::string_view model) {
  return to_text({{"name", model}, {"ready", true}});
}

}  // namespace samoyed::web
