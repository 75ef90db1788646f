#include "worker/model/model_card.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "worker/model/file_bytes.hpp"
#include "worker/model/labels.hpp"

namespace samoyed::worker {
namespace {

using nlohmann::json;

/// Limit of a mean or deviation. None is larger for pixels on a scale of 0..1, or of 0..255.
constexpr double normalization_max = 1000.0;
constexpr double deviation_min = 1e-6;

/// Thrown for a value that is not allowed. `expected` ends the sentence "... must be".
struct Unfit {
  std::string expected;
};

std::string read_name(const json& value) {
  if (!value.is_string()) throw Unfit{"a string"};
  if (const auto fault = find_name_fault(value.get_ref<const std::string&>())) throw Unfit{*fault};
  return value.get<std::string>();
}

bool read_trained(const json& value) {
  if (!value.is_boolean()) throw Unfit{"true or false"};
  return value.get<bool>();
}

int read_side(const json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() < 1 ||
      value.get<std::uint64_t>() > crop_spec_side_px_max) {
    throw Unfit{"a number of pixels from 1 to " + std::to_string(crop_spec_side_px_max)};
  }
  return value.get<int>();
}

Size read_input_size(const json& value) {
  if (!value.is_array()) return {read_side(value), read_side(value)};
  if (value.size() != 2) throw Unfit{"a side length, or [height, width]"};
  return {.width = read_side(value[1]), .height = read_side(value[0])};
}

Resampling read_interpolation(const json& value) {
  if (value == "bilinear") return Resampling::bilinear;
  if (value == "bicubic") return Resampling::bicubic;
  throw Unfit{R"("bilinear" or "bicubic")"};
}

std::array<float, 3> read_channels(const json& value, double min) {
  std::array<float, 3> channels{};
  const auto fits = [&](const json& number) {
    return number.is_number() && number.get<double>() >= min &&
           number.get<double>() <= normalization_max;
  };
  if (!value.is_array() || value.size() != 3 || !std::all_of(value.begin(), value.end(), fits)) {
    throw Unfit{"three numbers, for red, green and blue, on a scale of 0 to 1" +
                std::string(min > 0 ? ", above 0" : "")};
  }
  std::transform(value.begin(), value.end(), channels.begin(),
                 [](const json& number) { return number.get<float>(); });
  return channels;
}

std::vector<std::string> read_labels(const json& value) {
  std::vector<std::string> labels;
  for (const json& label : value) {
    if (!label.is_string()) throw Unfit{"a list of strings, or the name of a labels file"};
    labels.push_back(label.get<std::string>());
    if (const std::string_view fault = find_label_fault(labels.back()); !fault.empty()) {
      throw Unfit{"valid labels; label " + std::to_string(labels.size()) + ": " +
                  std::string(fault)};
    }
  }
  if (labels.empty()) throw Unfit{"at least one label"};
  return labels;
}

using Reader = std::function<void(const json&)>;

/// The readers of all keys that a card may have, by key.
std::map<std::string, Reader> readers_into(ModelCard& card, const std::filesystem::path& source) {
  return {
      {"name", [&](const json& value) { card.name = read_name(value); }},
      {"trained", [&](const json& value) { card.trained = read_trained(value); }},
      {"input_size", [&](const json& value) { card.input_size = read_input_size(value); }},
      {"resize_size", [&](const json& value) { card.resize_size = read_side(value); }},
      {"interpolation", [&](const json& value) { card.interpolation = read_interpolation(value); }},
      {"mean", [&](const json& value) { card.mean = read_channels(value, -normalization_max); }},
      {"std", [&](const json& value) { card.deviation = read_channels(value, deviation_min); }},
      {"labels",
       [&](const json& value) {
         if (value.is_array()) {
           card.labels = read_labels(value);
         } else if (value.is_string()) {
           card.labels = source.parent_path() / value.get<std::string>();
         } else {
           throw Unfit{"a list of strings, or the name of a labels file"};
         }
       }},
  };
}

std::string keys_of(const std::map<std::string, Reader>& readers) {
  std::string keys;
  for (const auto& [key, reader] : readers) keys += (keys.empty() ? "" : ", ") + key;
  return keys;
}

}  // namespace

ModelCard parse_model_card(std::string_view text, const std::filesystem::path& source) {
  const auto fail = [&](const std::string& fault) -> std::runtime_error {
    return std::runtime_error(source.string() + ": " + fault);
  };
  const json object = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) throw fail("not a JSON object; expected the model's settings");
  ModelCard card;
  const auto readers = readers_into(card, source);
  for (const auto& [key, value] : object.items()) {
    const auto reader = readers.find(key);
    if (reader == readers.end()) {
      throw fail("unknown key \"" + key + "\"; the known keys are " + keys_of(readers));
    }
    try {
      reader->second(value);
    } catch (const Unfit& unfit) {
      throw fail("\"" + key + "\" must be " + unfit.expected);
    }
  }
  return card;
}

ModelCard load_card_beside(const std::filesystem::path& model_file) {
  std::filesystem::path path = model_file;
  path.replace_extension(".json");
  std::error_code unreadable;
  if (path == model_file || !std::filesystem::exists(path, unreadable)) return {};
  const std::vector<char> bytes =
      read_whole_file(path, model_card_bytes_max, "a model's JSON file");
  return parse_model_card({bytes.data(), bytes.size()}, path);
}

ModelCard overridden(ModelCard card, const ModelCard& overrides) {
  const auto override = [](auto& value, const auto& by) {
    if (by) value = by;
  };
  override(card.name, overrides.name);
  override(card.trained, overrides.trained);
  override(card.input_size, overrides.input_size);
  override(card.resize_size, overrides.resize_size);
  override(card.interpolation, overrides.interpolation);
  override(card.mean, overrides.mean);
  override(card.deviation, overrides.deviation);
  if (!std::holds_alternative<std::monostate>(overrides.labels)) card.labels = overrides.labels;
  return card;
}

Preprocessing preprocessing_of(const ModelCard& card, const std::string& source) {
  Preprocessing preprocessing;
  CropSpec& crop_spec = preprocessing.crop_spec;
  const Size input = card.input_size.value_or(Size{input_side_px, input_side_px});
  const int longer = std::max(input.width, input.height);
  crop_spec.width_px = input.width;
  crop_spec.height_px = input.height;
  crop_spec.short_side_px = card.resize_size.value_or(std::min(
      (longer * resized_short_side_px + input_side_px / 2) / input_side_px, crop_spec_side_px_max));
  crop_spec.resampling = card.interpolation.value_or(Resampling::bilinear);
  if (crop_spec.short_side_px < longer) {
    throw std::runtime_error(
        source + ": a crop of " + std::to_string(input.height) + "x" + std::to_string(input.width) +
        " doesn't fit into an image resized to " + std::to_string(crop_spec.short_side_px) +
        "; make --resize-size at least as large as --input-size");
  }
  if (card.mean) preprocessing.normalization.mean = *card.mean;
  if (card.deviation) preprocessing.normalization.deviation = *card.deviation;
  return preprocessing;
}

std::optional<std::string> find_name_fault(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (!name.empty() && name.size() <= model_name_length_max && name.front() != '.' &&
      std::all_of(name.begin(), name.end(), fits)) {
    return std::nullopt;
  }
  return "1 to " + std::to_string(model_name_length_max) +
         " letters, digits, '.', '_' or '-', and not begin with '.'";
}

}  // namespace samoyed::worker
