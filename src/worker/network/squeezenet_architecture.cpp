#include "worker/network/squeezenet_architecture.hpp"

#include <array>
#include <map>
#include <stdexcept>
#include <string>

namespace samoyed::worker {
namespace {

using Shape = std::vector<std::int64_t>;

const std::array<SqueezenetArchitecture, 2>& architectures() {
  static const std::array<SqueezenetArchitecture, 2> all = {{
      {"squeezenet1_0",
       96,
       7,
       {{2},
        {3, 16, 64},
        {4, 16, 64},
        {5, 32, 128},
        {6},
        {7, 32, 128},
        {8, 48, 192},
        {9, 48, 192},
        {10, 64, 256},
        {11},
        {12, 64, 256}}},
      {"squeezenet1_1",
       64,
       3,
       {{2},
        {3, 16, 64},
        {4, 16, 64},
        {5},
        {6, 32, 128},
        {7, 32, 128},
        {8},
        {9, 48, 192},
        {10, 48, 192},
        {11, 64, 256},
        {12, 64, 256}}},
  }};
  return all;
}

Shape first_weight_shape(const SqueezenetArchitecture& architecture) {
  return {architecture.first_channels, 3, architecture.first_kernel, architecture.first_kernel};
}

/// Returns the shape as text, for example `64x3x3x3`.
std::string to_string(const Shape& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "a scalar" : text;
}

std::map<std::string, Shape> expected_shapes(const SqueezenetArchitecture& architecture,
                                             std::int64_t class_count) {
  std::map<std::string, Shape> shapes;
  const auto add = [&](const std::string& name, const Shape& weight) {
    shapes[name + ".weight"] = weight;
    shapes[name + ".bias"] = {weight.front()};
  };
  add("features.0", first_weight_shape(architecture));
  std::int64_t channels = architecture.first_channels;
  for (const SqueezenetLayer& layer : architecture.layers) {
    if (layer.squeezed == 0) continue;
    const std::string name = "features." + std::to_string(layer.index);
    add(name + ".squeeze", {layer.squeezed, channels, 1, 1});
    add(name + ".expand1x1", {layer.expanded, layer.squeezed, 1, 1});
    add(name + ".expand3x3", {layer.expanded, layer.squeezed, 3, 3});
    channels = 2 * layer.expanded;
  }
  add("classifier.1", {class_count, channels, 1, 1});
  return shapes;
}

const ModelTensor& find_tensor(const ModelFile& file, const std::string& name,
                               std::string_view network) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) {
    throw std::runtime_error(file.name + ": tensor " + name +
                             " is missing; expected the weights of " + std::string(network));
  }
  return found->second;
}

}  // namespace

SqueezenetShape recognize_squeezenet(const ModelFile& file) {
  const Shape& first = find_tensor(file, "features.0.weight", "SqueezeNet 1.0 or 1.1").shape;
  const SqueezenetArchitecture* found = nullptr;
  for (const SqueezenetArchitecture& architecture : architectures()) {
    if (first == first_weight_shape(architecture)) found = &architecture;
  }
  if (found == nullptr) {
    throw std::runtime_error(file.name + ": features.0.weight is " + to_string(first) +
                             "; expected 96x3x7x7 (SqueezeNet 1.0) or 64x3x3x3 (SqueezeNet 1.1)");
  }
  const Shape& last = find_tensor(file, "classifier.1.weight", found->name).shape;
  if (last.size() != 4 || last.front() < 1) {
    throw std::runtime_error(file.name + ": classifier.1.weight is " + to_string(last) +
                             "; expected CLASSESx512x1x1");
  }
  const std::int64_t class_count = last.front();
  const auto shapes = expected_shapes(*found, class_count);
  for (const auto& [name, shape] : shapes) {
    const Shape& given = find_tensor(file, name, found->name).shape;
    if (given != shape) {
      throw std::runtime_error(file.name + ": " + name + " is " + to_string(given) + "; " +
                               std::string(found->name) + " expects " + to_string(shape));
    }
  }
  for (const auto& [name, tensor] : file.tensors) {
    if (!shapes.contains(name)) {
      throw std::runtime_error(file.name + ": unknown tensor " + name +
                               "; expected only the weights of " + std::string(found->name));
    }
  }
  return {found, class_count};
}

}  // namespace samoyed::worker
