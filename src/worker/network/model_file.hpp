#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace samoyed::worker {

/// Larger model files are refused before they are read: SqueezeNet with 1000 classes is 5 MB.
inline constexpr std::size_t model_file_bytes_max = std::size_t{64} << 20;

/// A tensor of this name in a model file, whatever its value, says that the weights were made by
/// arithmetic and that the labels mean nothing. scripts/make-untrained-model writes it.
inline constexpr std::string_view untrained_marker = "samoyed.untrained";

/// One tensor of a model file: finite float32 in row-major order.
struct ModelTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// What a model file holds, before it is known which network it is for.
struct ModelFile {
  /// The file's name, for errors.
  std::string name;
  /// By their names in PyTorch, for example `features.0.weight`; without the untrained marker.
  std::map<std::string, ModelTensor> tensors;
  /// False where the file carries the untrained marker.
  bool trained = true;
};

/// Reads a plain dict of tensors in torch's zip format, as `torch.save(dict, path)` writes it.
///
/// Throws std::runtime_error with one line that names the file and what was expected: missing, too
/// large, cut off, flipped bits, not finite float32. For torchvision's own files, which Debian's
/// LibTorch 1.13 can't read (an OrderedDict, or the format before PyTorch 1.6, which is no zip),
/// the line names scripts/convert-model.
ModelFile load_model_file(const std::filesystem::path& path);

/// The same from the bytes of a file; `name` is what errors call it.
ModelFile parse_model_file(const std::vector<char>& bytes, std::string name);

}  // namespace samoyed::worker
