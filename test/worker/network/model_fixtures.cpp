#include "worker/network/model_fixtures.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <unistd.h>
#include <zlib.h>

#include "worker/image/normalize.hpp"

namespace samoyed::test {
namespace {

/// Returns the number as `length` little-endian bytes.
std::string little_endian(std::uint64_t number, int length) {
  std::string bytes;
  for (int i = 0; i < length; ++i, number >>= 8U) bytes += static_cast<char>(number & 0xFFU);
  return bytes;
}

std::string pickled_text(const std::string& text) {
  return std::string("X").append(little_endian(text.size(), 4)).append(text);
}

std::string pickled_number(std::int64_t number) {
  return std::string("J").append(little_endian(static_cast<std::uint64_t>(number), 4));
}

std::string pickled_tuple(const std::vector<std::int64_t>& numbers) {
  std::string items;
  for (const std::int64_t number : numbers) items += pickled_number(number);
  return "(" + items + "t";
}

using NamedShapes = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

/// Returns the names and shapes of SqueezeNet's tensors, ordered by name, as in torchvision's
/// `squeezenet1_0(num_classes=N)` and `squeezenet1_1`.
NamedShapes squeezenet_shapes(bool version_1_1, std::int64_t class_count) {
  struct Fire {
    const char* name;
    std::int64_t inputs, squeezed, expanded;
  };
  const std::array<Fire, 8> fires_1_0 = {{{"features.10", 384, 64, 256},
                                          {"features.12", 512, 64, 256},
                                          {"features.3", 96, 16, 64},
                                          {"features.4", 128, 16, 64},
                                          {"features.5", 128, 32, 128},
                                          {"features.7", 256, 32, 128},
                                          {"features.8", 256, 48, 192},
                                          {"features.9", 384, 48, 192}}};
  const std::array<Fire, 8> fires_1_1 = {{{"features.10", 384, 48, 192},
                                          {"features.11", 384, 64, 256},
                                          {"features.12", 512, 64, 256},
                                          {"features.3", 64, 16, 64},
                                          {"features.4", 128, 16, 64},
                                          {"features.6", 128, 32, 128},
                                          {"features.7", 256, 32, 128},
                                          {"features.9", 256, 48, 192}}};
  NamedShapes shapes;
  const auto add = [&](const std::string& name, const std::vector<std::int64_t>& weight) {
    shapes.push_back({name + ".bias", {weight.front()}});
    shapes.push_back({name + ".weight", weight});
  };
  add("classifier.1", {class_count, 512, 1, 1});
  if (version_1_1) {
    add("features.0", {64, 3, 3, 3});
  } else {
    add("features.0", {96, 3, 7, 7});
  }
  for (const Fire& fire : version_1_1 ? fires_1_1 : fires_1_0) {
    const std::string name = fire.name;
    add(name + ".expand1x1", {fire.expanded, fire.squeezed, 1, 1});
    add(name + ".expand3x3", {fire.expanded, fire.squeezed, 3, 3});
    add(name + ".squeeze", {fire.squeezed, fire.inputs, 1, 1});
  }
  return shapes;
}

}  // namespace

std::vector<char> make_zip(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string archive;
  std::string directory;
  for (const auto& [name, data] : entries) {
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size());
    // The part that both headers share: version, flags, method, time and date, then the checksum
    // and the lengths.
    const std::string common = little_endian(20, 2) + std::string(8, '\0') + little_endian(crc, 4) +
                               little_endian(data.size(), 4) + little_endian(data.size(), 4) +
                               little_endian(name.size(), 2) + little_endian(0, 2);
    directory += "PK\x01\x02" + little_endian(20, 2) + common + std::string(10, '\0') +
                 little_endian(archive.size(), 4) + name;
    archive += "PK\x03\x04" + common + name + data;
  }
  const std::string end = "PK\x05\x06" + std::string(4, '\0') + little_endian(entries.size(), 2) +
                          little_endian(entries.size(), 2) + little_endian(directory.size(), 4) +
                          little_endian(archive.size(), 4) + little_endian(0, 2);
  archive += directory + end;
  return {archive.begin(), archive.end()};
}

std::string float_bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::string pickle_dict(const std::vector<PickledTensor>& tensors) {
  std::string items;
  std::size_t key = 0;
  for (const PickledTensor& tensor : tensors) {
    const auto count = static_cast<std::int64_t>(tensor.storage.size()) / tensor.item_bytes;
    items += pickled_text(tensor.name) + "ctorch._utils\n_rebuild_tensor_v2\n((" +
             pickled_text("storage") + "ctorch\n" + tensor.storage_type + "\n" +
             pickled_text(std::to_string(key++)) + pickled_text("cpu") + pickled_number(count) +
             "tQ" + pickled_number(0) + pickled_tuple(tensor.shape) +
             pickled_tuple(tensor.strides) + "\x89" + "ccollections\nOrderedDict\n)RtR";
  }
  return "}(" + items + "u";
}

std::vector<char> make_model_file(const std::vector<PickledTensor>& tensors) {
  std::vector<std::pair<std::string, std::string>> entries = {
      {"m/data.pkl", "\x80\x02" + pickle_dict(tensors) + "."}};
  std::size_t key = 0;
  for (const PickledTensor& tensor : tensors) {
    entries.push_back({"m/data/" + std::to_string(key++), tensor.storage});
  }
  entries.push_back({"m/version", "3\n"});
  return make_zip(entries);
}

worker::ModelFile make_squeezenet(bool version_1_1, std::int64_t class_count) {
  worker::ModelFile file;
  file.name = "arithmetic.pth";
  std::size_t t = 0;
  for (const auto& [name, shape] : squeezenet_shapes(version_1_1, class_count)) {
    worker::ModelTensor& tensor = file.tensors[name];
    tensor.shape = shape;
    const auto count = static_cast<std::size_t>(
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
    const auto inputs = static_cast<double>(count / static_cast<std::size_t>(shape.front()));
    const double scale = shape.size() == 1 ? 0.1 : 2.0 * std::sqrt(3.0 / inputs);
    tensor.values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = static_cast<double>((i * 7919 + t * 104729) % 1009) / 504.0 - 1.0;
      tensor.values.push_back(static_cast<float>(value * scale));
    }
    ++t;
  }
  return file;
}

worker::ModelFile make_untrained_model() {
  const auto path = std::filesystem::temp_directory_path() /
                    ("samoyed_untrained_" + std::to_string(::getpid()) + ".pth");
  const std::string command =
      "'" SAMOYED_SOURCE_DIR "/scripts/make-untrained-model' '" + path.string() + "'";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  worker::ModelFile file = worker::load_model_file(path);
  std::filesystem::remove(path);
  return file;
}

std::vector<float> make_planes() {
  std::vector<float> planes;
  planes.reserve(worker::input_floats);
  for (std::size_t i = 0; i < worker::input_floats; ++i) {
    planes.push_back(static_cast<float>(static_cast<double>(i * 7919 % 1000) / 500.0 - 1.0));
  }
  return planes;
}

}  // namespace samoyed::test
