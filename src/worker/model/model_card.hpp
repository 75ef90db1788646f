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

/// What a model's file doesn't record. It comes from a small JSON file next to it, and options on
/// the command line override it. Every member is optional.
///
///     {"name": "resnet18", "trained": true, "input_size": 224, "resize_size": 256,
///      "interpolation": "bilinear", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
///      "labels": ["tench", "goldfish"]}
///
/// `input_size` is a side length or [height, width]. `labels` is a list of names in class order, or
/// the name of a labels file, relative to the JSON file.
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

/// Parses a card. `source` names the text in error messages. Throws std::runtime_error with one
/// line that names `source` if the text is not a JSON object, has an unknown key, or has a value of
/// the wrong type or out of range.
ModelCard parse_model_card(std::string_view text, const std::filesystem::path& source);

/// Loads the card next to a model, from the file with the extension `.json`. The card is empty if
/// there is no such file.
ModelCard load_card_beside(const std::filesystem::path& model_file);

/// Returns `card` after replacing each member that is set in `overrides`.
ModelCard overridden(ModelCard card, const ModelCard& overrides);

/// Returns how images are prepared for the network. Where the card sets nothing, SqueezeNet's
/// values apply, and the short side is resized to 256/224 of the input's longer side. Throws
/// std::runtime_error with one line that begins with `source` if the crop is larger than the
/// resized image.
Preprocessing preprocessing_of(const ModelCard& card, const std::string& source);

/// Checks a model's name, which becomes part of URLs. Returns what a name must be, as the end of a
/// sentence; `std::nullopt` if this one is allowed.
std::optional<std::string> find_name_fault(std::string_view name);

}  // namespace samoyed::worker
