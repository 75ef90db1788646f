#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "worker/image/preprocessing.hpp"

namespace samoyed::worker {

/// Anything that a model's file doesn't record. It comes from a small JSON file next to it; options
/// on the command line override that. All of it is optional.
///
///     {"name": "resnet18", "trained": true, "input_size": 224, "resize_size": 256,
///      "interpolation": "bilinear", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
///      "labels": ["tench", "goldfish"]}
///
/// `input_size` is a side, or [height, width]; `labels` are names in class order, or the name of a
/// file of them, relative to the JSON file.
struct ModelCard {
  std::optional<std::string> name;
  std::optional<bool> trained;
  std::optional<Size> input_size;
  std::optional<int> resize_size;
  std::optional<Resampling> interpolation;
  std::optional<std::array<float, 3>> mean;
  std::optional<std::array<float, 3>> deviation;
  std::variant<std::monostate, std::filesystem::path, std::vector<std::string>> labels;
};

/// Larger files are refused: 1000 labels take 20 kB.
inline constexpr std::size_t model_card_bytes_max = std::size_t{4} << 20;
inline constexpr std::size_t model_name_length_max = 64;

/// `source` names the text in errors. Throws std::runtime_error with one line that names it if the
/// text is no JSON object, has an unknown key, or a value of the wrong type or beyond its limits.
ModelCard parse_model_card(std::string_view text, const std::filesystem::path& source);

/// The card next to a model, in the file with the extension `.json`. Empty if there is no such
/// file.
ModelCard load_card_beside(const std::filesystem::path& model_file);

/// `card` with each member that `overrides` sets replaced by that one.
ModelCard overridden(ModelCard card, const ModelCard& overrides);

/// How images are prepared for the network, as for SqueezeNet where the card sets nothing. The
/// short side is resized to 256/224 of the longer side of the input unless the card sets another
/// size. Throws std::runtime_error with one line that begins with `source` if the crop is larger
/// than the resized image.
Preprocessing preprocessing_of(const ModelCard& card, const std::string& source);

/// What is wrong with a model's name, which becomes part of URLs; `std::nullopt` if it is allowed.
std::optional<std::string> find_name_fault(std::string_view name);

}  // namespace samoyed::worker
