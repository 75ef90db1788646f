#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "worker/crop.hpp"
#include "worker/model_file.hpp"
#include "worker/network.hpp"
#include "worker/normalise.hpp"
#include "worker/squeezenet.hpp"

namespace samoyed::worker {

/// What happens to a picture between its file and the network.
struct Preparation {
  Framing framing = {};
  Normalisation normalisation = {};

  /// Floats of the network's input: the planes R, G, B.
  std::size_t planes_floats() const {
    return std::size_t{3} * static_cast<std::size_t>(framing.width_px) *
           static_cast<std::size_t>(framing.height_px);
  }
};

/// A network and what belongs to it.
struct Model {
  std::unique_ptr<const Network> network;
  /// What hello and every answer call it.
  std::string name;
  /// The names of the network's classes, in class order: as many as it has.
  std::vector<std::string> labels;
  /// False for weights that were made by arithmetic: the labels then mean nothing.
  bool trained = true;
  Preparation preparation = {};
};

/// A SqueezeNet with its labels. Throws std::runtime_error with one line that names the file where it is
/// no SqueezeNet or has another number of classes, or where this processor doesn't support the precision.
Model make_squeezenet_model(const ModelFile& file, std::vector<std::string> labels,
                            const Squeezenet::Options& options = {});

}  // namespace samoyed::worker
