#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "worker/network/model_file.hpp"

/// Models and archives made by arithmetic, for the tests.
namespace samoyed::test {

/// A zip archive of stored entries (name, bytes), as torch.save lays them out but without its
/// padding.
std::vector<char> make_zip(const std::vector<std::pair<std::string, std::string>>& entries);

/// A tensor as torch.save pickles it: a view of a storage that is an entry of the archive.
struct PickledTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  /// Of as many numbers as the bytes hold at `item_bytes` each.
  std::string storage;
  std::string storage_type = "FloatStorage";
  int item_bytes = 4;
};

/// float32 numbers as they lie in a storage.
std::string float_bytes(const std::vector<float>& values);

/// The pickle of a plain dict of those tensors, without its frame: put it between `\x80\x02` and
/// `.`.
std::string pickle_dict(const std::vector<PickledTensor>& tensors);

/// A model file: the plain dict of those tensors in torch's zip format.
std::vector<char> make_model_file(const std::vector<PickledTensor>& tensors);

/// The labels of a network with four classes.
inline const std::vector<std::string> four_labels = {"ant", "bee", "cat", "dog"};

/// A SqueezeNet whose value i of tensor t (by name) is `((7919 i + 104729 t) mod 1009 / 504 - 1) *
/// scale`, scale being 0.1 for a bias and 2 sqrt(3 / inputs of a filter) for a weight.
worker::ModelFile make_squeezenet(bool version_1_1, std::int64_t class_count);

/// What scripts/make-untrained-model makes.
worker::ModelFile make_untrained_model();

/// Value i is `7919 i mod 1000 / 500 - 1`: noise to the network.
std::vector<float> make_planes();

}  // namespace samoyed::test
