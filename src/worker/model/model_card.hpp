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

/// What a model's file doesn't say of itself: a small JSON file beside it does, or the command line.
/// All of it is optional.
///
///     {"name": "resnet18", "trained": true, "input_size": 224, "resize_size": 256,
///      "interpolation": "bilinear", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
///      "labels": ["tench", "goldfish"]}
///
/// `input_size` is a side, or [height, width]; `labels` are names in class order, or the name of a file of
/// them, relative to the JSON file.
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

/// Larger files are refused: 1000 labels are 20 kB.
inline constexpr std::size_t model_card_bytes_max = std::size_t{4} << 20;
inline constexpr std::size_t model_name_length_max = 64;

/// `source` names the text in errors. Throws std::runtime_error with one line that names it where the text
/// is no JSON object, has a key that isn't known, or a value of another kind or beyond its limits.
ModelCard parse_model_card(std::string_view text, const std::filesystem::path& source);

/// The file beside a model: its name with the ending `.json`. Empty where there is none.
ModelCard load_card_beside(const std::filesystem::path& model_file);

/// `card` with each member that `overrides` sets replaced by that one.
ModelCard overridden(ModelCard card, const ModelCard& overrides);

/// What is to be done to images for the network, with SqueezeNet's ways where the card says nothing. The
/// short side is resized to 256/224 of the longer side of the input if nothing else is overrides. Throws
/// std::runtime_error with one line that begins with `source` where the crop is larger than what it is cut
/// out of.
Preprocessing preprocessing_of(const ModelCard& card, const std::string& source);

/// Nothing where a model may be called so, else what is wrong with the name: it stands in addresses.
std::optional<std::string> find_name_fault(std::string_view name);

}  // namespace samoyed::worker
