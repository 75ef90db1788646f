#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/image/preprocessing.hpp"
#include "worker/model/model_card.hpp"
#include "worker/network/model_file.hpp"
#include "worker/network/network.hpp"
#include "worker/network/squeezenet.hpp"

namespace samoyed::worker {

/// A network and what belongs to it.
struct Model {
  std::unique_ptr<const Network> network;
  /// What hello and every answer call it.
  std::string name;
  /// The names of the network's classes, in class order: as many as it has.
  std::vector<std::string> labels;
  /// False for weights that were made by arithmetic: the labels then mean nothing.
  bool trained = true;
  Preprocessing preprocessing = {};
};

/// How a network is to be run.
using RunOptions = Squeezenet::Options;

/// A SqueezeNet with its labels. Throws std::runtime_error with one line that names the file where
/// it is no SqueezeNet or has another number of classes, or where this processor doesn't support
/// the precision.
Model make_squeezenet_model(const ModelFile& file, std::vector<std::string> labels,
                            const RunOptions& options = {});

/// The labels that a card names; those of `otherwise` where it names none. Throws as load_labels
/// does.
std::vector<std::string> labels_of(const ModelCard& card,
                                   const std::function<std::vector<std::string>()>& otherwise);

/// Loads a model from a file, whose bytes show its kind: a plain dict of SqueezeNet's weights
/// (load_model_file), or a TorchScript archive of any classifier, named after its file unless the
/// card names it.
///
/// Its card comes from the JSON file next to it; `overrides` overrides that. Labels that neither
/// names come from `usual_labels`. Throws std::runtime_error with one line that names the file and
/// what to do.
Model load_model(const std::filesystem::path& path, const ModelCard& overrides,
                 const std::function<std::vector<std::string>()>& usual_labels,
                 const RunOptions& options);

}  // namespace samoyed::worker
