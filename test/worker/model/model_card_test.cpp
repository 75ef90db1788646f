#include "worker/model/model_card.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"

using samoyed::test::TemporaryFolder;
using namespace samoyed::worker;

namespace {

std::string card_error(const std::string& text) {
  try {
    parse_model_card(text, "models/tiny.json");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a card sets all that it may contain") {
  const ModelCard card = parse_model_card(
      R"({"name": "tiny-1.0", "trained": false, "input_size": [299, 384], "resize_size": 400,
          "interpolation": "bicubic", "mean": [0.5, 0, -1], "std": [1, 2, 0.5],
          "labels": ["a cat", "ein Hündchen"]})",
      "models/tiny.json");
  CHECK(card.name == "tiny-1.0");
  CHECK(card.trained == false);
  CHECK(card.input_size == Size{.width = 384, .height = 299});
  CHECK(card.resize_size == 400);
  CHECK(card.interpolation == Resampling::bicubic);
  CHECK(card.mean == std::array{0.5F, 0.0F, -1.0F});
  CHECK(card.deviation == std::array{1.0F, 2.0F, 0.5F});
  CHECK(std::get<std::vector<std::string>>(card.labels) ==
        std::vector<std::string>{"a cat", "ein Hündchen"});
}

TEST_CASE("a card may be empty, give a square by one side, and name a labels file") {
  const ModelCard empty = parse_model_card("{}", "tiny.json");
  CHECK_FALSE(empty.name);
  CHECK(std::holds_alternative<std::monostate>(empty.labels));
  const ModelCard card =
      parse_model_card(R"({"input_size": 299, "labels": "tiny.txt"})", "models/tiny.json");
  CHECK(card.input_size == Size{299, 299});
  CHECK(std::get<std::filesystem::path>(card.labels) == "models/tiny.txt");
}

TEST_CASE("a wrong card is an error that names the key and what it must be") {
  const std::string side = R"(" must be a number of pixels from 1 to 1024)";
  const std::string channels =
      R"(" must be three numbers, for red, green and blue, on a scale of 0 to 1)";
  const struct {
    std::string text;
    std::string error;
  } cases[] = {
      {"", "not a JSON object; expected the model's settings"},
      {"[1]", "not a JSON object; expected the model's settings"},
      {R"({"name": "a)", "not a JSON object; expected the model's settings"},
      {R"({"means": 1})",
       R"(unknown key "means"; the known keys are input_size, interpolation, labels, mean, name, resize_size, std, trained)"},
      {R"({"name": 3})", R"("name" must be a string)"},
      {R"({"name": "a b"})",
       R"("name" must be 1 to 64 letters, digits, '.', '_' or '-', and not begin with '.')"},
      {R"({"trained": 1})", R"("trained" must be true or false)"},
      {R"({"input_size": 0})", "\"input_size" + side},
      {R"({"input_size": 1025})", "\"input_size" + side},
      {R"({"input_size": 22.5})", "\"input_size" + side},
      {R"({"input_size": [224, "224"]})", "\"input_size" + side},
      {R"({"input_size": [3, 224, 224]})",
       R"("input_size" must be a side length, or [height, width])"},
      {R"({"resize_size": -1})", "\"resize_size" + side},
      {R"({"interpolation": "nearest"})", R"("interpolation" must be "bilinear" or "bicubic")"},
      {R"({"mean": [0, 0]})", "\"mean" + channels},
      {R"({"mean": [0, 0, 1e39]})", "\"mean" + channels},
      {R"({"std": [1, 1, 0]})", "\"std" + channels + ", above 0"},
      {R"({"labels": 5})", R"("labels" must be a list of strings, or the name of a labels file)"},
      {R"({"labels": ["a", 5]})",
       R"("labels" must be a list of strings, or the name of a labels file)"},
      {R"({"labels": []})", R"("labels" must be at least one label)"},
      {R"({"labels": ["a", "b,c"]})",
       R"("labels" must be valid labels; label 2: the label contains ',' or ':', which separate labels in a result; remove it)"},
  };
  for (const auto& [text, error] : cases) CHECK(card_error(text) == "models/tiny.json: " + error);
}

TEST_CASE("the command line overrides the card") {
  ModelCard card;
  card.name = "from the card";
  card.resize_size = 300;
  card.labels = std::vector<std::string>{"from the card"};
  ModelCard overrides;
  overrides.name = "overridden";
  CHECK(overridden(card, overrides).name == "overridden");
  CHECK(overridden(card, overrides).resize_size == 300);
  CHECK(overridden(card, overrides).labels == card.labels);
  overrides.labels = std::filesystem::path("overridden.txt");
  CHECK(overridden(card, overrides).labels == overrides.labels);
}

TEST_CASE("a card without settings takes SqueezeNet's, in proportion") {
  CHECK(preprocessing_of({}, "m").crop_spec == CropSpec{});
  CHECK(preprocessing_of({}, "m").normalization == Normalization{});
  ModelCard card;
  card.input_size = Size{.width = 299, .height = 100};
  CHECK(preprocessing_of(card, "m").crop_spec == CropSpec{342, 299, 100, Resampling::bilinear});
  CHECK(preprocessing_of(card, "m").planes_floats() == 3 * 299 * 100);
  card.input_size = Size{1024, 1024};
  CHECK(preprocessing_of(card, "m").crop_spec.short_side_px == 1024);
  card.resize_size = 1023;
  CHECK_THROWS_WITH(preprocessing_of(card, "m.pt"),
                    "m.pt: a crop of 1024x1024 doesn't fit into an image resized to 1023; "
                    "make --resize-size at least as large as --input-size");
}

TEST_CASE("the card next to a model has its name, and may be missing") {
  const TemporaryFolder folder;
  const std::filesystem::path model = folder.path() / "tiny.pt";
  CHECK_FALSE(load_card_beside(model).name);
  std::ofstream(folder.path() / "tiny.json") << R"({"name": "found"})";
  CHECK(load_card_beside(model).name == "found");
  std::filesystem::resize_file(folder.path() / "tiny.json", model_card_bytes_max + 1);
  CHECK_THROWS_WITH(load_card_beside(model),
                    Catch::EndsWith("tiny.json: larger than 4 MiB; expected "
                                    "a model's JSON file"));
}
