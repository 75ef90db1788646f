#include "worker/network/model.hpp"

#include <span>
#include <stdexcept>
#include <utility>

#include "worker/model/file_bytes.hpp"
#include "worker/model/labels.hpp"
#include "worker/model/zip_archive.hpp"
#include "worker/network/torchscript_network.hpp"

namespace samoyed::worker {
namespace {

/// The network of a model file, without labels yet.
struct Loaded {
  std::unique_ptr<const Network> network;
  std::string name;
  bool trained;
};

Model with_labels(Loaded loaded, const std::string& source, std::vector<std::string> labels) {
  const std::size_t class_count = loaded.network->class_count();
  if (class_count != labels.size()) {
    throw std::runtime_error(source + ": the network has " + std::to_string(class_count) +
                             " classes, but there are " + std::to_string(labels.size()) +
                             " labels; give its own labels file with --labels");
  }
  return {std::move(loaded.network), std::move(loaded.name), std::move(labels), loaded.trained};
}

Loaded load_squeezenet(const ModelFile& file, const RunOptions& options) {
  auto network = std::make_unique<const Squeezenet>(file, options);
  std::string name(network->name());
  return {std::move(network), std::move(name), file.trained};
}

Loaded load_torchscript(const std::vector<char>& bytes, const std::filesystem::path& path,
                        const CropSpec& crop_spec, const RunOptions& options) {
  auto network = std::make_unique<const TorchScriptNetwork>(
      bytes, path.string(),
      TorchScriptNetwork::Options{.input = {crop_spec.width_px, crop_spec.height_px},
                                  .precision = options.precision});
  return {std::move(network), path.stem().string(), true};
}

void check_squeezenet_size(const std::string& source, const CropSpec& crop_spec) {
  if (crop_spec.width_px == input_side_px && crop_spec.height_px == input_side_px) return;
  throw std::runtime_error(source +
                           ": SqueezeNet takes 224x224 pixels; --input-size is for "
                           "TorchScript archives");
}

}  // namespace

Model make_squeezenet_model(const ModelFile& file, std::vector<std::string> labels,
                            const RunOptions& options) {
  return with_labels(load_squeezenet(file, options), file.name, std::move(labels));
}

std::vector<std::string> labels_of(const ModelCard& card,
                                   const std::function<std::vector<std::string>()>& otherwise) {
  if (const auto* path = std::get_if<std::filesystem::path>(&card.labels)) {
    return load_labels(*path);
  }
  if (const auto* names = std::get_if<std::vector<std::string>>(&card.labels)) return *names;
  return otherwise();
}

Model load_model(const std::filesystem::path& path, const ModelCard& overrides,
                 const std::function<std::vector<std::string>()>& usual_labels,
                 const RunOptions& options) {
  const std::string source = path.string();
  const std::vector<char> bytes = read_whole_file(
      path, torchscript_bytes_max, "a model file (scripts/fetch-model provides one)");
  const ModelCard card = overridden(load_card_beside(path), overrides);
  const Preprocessing preprocessing = preprocessing_of(card, source);
  std::vector<std::string> labels = labels_of(card, usual_labels);
  Loaded loaded;
  if (is_torchscript(std::as_bytes(std::span(bytes)))) {
    loaded = load_torchscript(bytes, path, preprocessing.crop_spec, options);
  } else {
    const ModelFile file = parse_model_file(bytes, source);
    check_squeezenet_size(source, preprocessing.crop_spec);
    loaded = load_squeezenet(file, options);
  }
  if (card.name) loaded.name = *card.name;
  if (const auto fault = find_name_fault(loaded.name)) {
    throw std::runtime_error(source +
                             ": the file's name can't be the model's name, which must be " +
                             *fault + "; set a name with --model-name");
  }
  loaded.trained = loaded.trained && card.trained.value_or(true);
  Model model = with_labels(std::move(loaded), source, std::move(labels));
  model.preprocessing = preprocessing;
  return model;
}

}  // namespace samoyed::worker
