#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace samoyed::worker {

/// Larger model files are rejected before they are read. SqueezeNet with 1000 classes is 5 MB.
inline constexpr std::size_t model_file_bytes_max = std::size_t{64} << 20;

/// A tensor with this name in a model file, whatever its value, marks weights that were generated
/// by arithmetic and whose labels are meaningless. scripts/make-untrained-model writes it.
inline constexpr std::string_view untrained_marker = "samoyed.untrained";

/// One tensor of a model file: finite float32 values in row-major order.
struct ModelTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// The content of a model file, before the network that it belongs to is known.
struct ModelFile {
  /// The file's name, for errors.
  std::string name;
  /// Tensors by PyTorch name, for example `features.0.weight`, without the untrained marker.
  std::map<std::string, ModelTensor> tensors;
  /// False if the file has the untrained marker.
  bool trained = true;
};

/// Reads a plain dict of tensors in torch's zip format, as `torch.save(dict, path)` writes it.
///
/// Throws std::runtime_error with a one-line message that names the file and what was expected if
/// the file is missing, too large, cut off, has flipped bits, or holds other values than finite
/// float32. Debian's LibTorch 1.13 can't read torchvision's own files, because they contain an
/// OrderedDict or use the format before PyTorch 1.6, which isn't a zip archive. For these the
/// message names scripts/convert-model.
ModelFile load_model_file(const std::filesystem::path& path);

/// The same, from the bytes of a file. `name` is its name in errors.
ModelFile parse_model_file(const std::vector<char>& bytes, std::string name);

}  // namespace samoyed::worker
