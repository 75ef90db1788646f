#include "worker/network/model.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "worker/network/model_fixtures.hpp"
#include "worker/network/torchscript_fixtures.hpp"

using samoyed::test::float_bytes;
using samoyed::test::four_labels;
using samoyed::test::make_model_file;
using samoyed::test::make_squeezenet;
using samoyed::test::make_torchscript;
using samoyed::test::TemporaryFolder;
using namespace samoyed::worker;

namespace {

std::vector<std::string> usual_labels() { return {"ant", "bee", "cat"}; }

/// A folder with a model file and the JSON file next to it.
class ModelFolder {
 public:
  explicit ModelFolder(const std::vector<char>& model, const std::string& card = {}) {
    std::ofstream(file(), std::ios::binary)
        .write(model.data(), static_cast<std::streamsize>(model.size()));
    if (!card.empty()) std::ofstream(folder_.path() / "tiny.json") << card;
  }

  std::filesystem::path file() const { return folder_.path() / "tiny.pt"; }
  Model load(const ModelCard& overrides = {}) const {
    return load_model(file(), overrides, usual_labels, {});
  }
  /// Returns the error of loading the model, without the folder's name.
  std::string error(const ModelCard& overrides = {}) const {
    try {
      load(overrides);
    } catch (const std::runtime_error& error) {
      const std::string text = error.what();
      return text.substr(text.find("tiny."));
    }
    return "no error";
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("a SqueezeNet model has its name, its labels and whether it was trained") {
  ModelFile file = make_squeezenet(true, 4);
  file.trained = false;
  const Model model = make_squeezenet_model(file, four_labels);
  CHECK(model.name == "squeezenet1_1");
  CHECK(model.labels == four_labels);
  CHECK_FALSE(model.trained);
  CHECK(model.network->class_count() == 4);
}

TEST_CASE("labels of another network give an error that names both counts") {
  CHECK_THROWS_WITH(make_squeezenet_model(make_squeezenet(true, 3), four_labels),
                    "arithmetic.pth: the network has 3 classes, but there are 4 labels; give its "
                    "own labels file with --labels");
}

TEST_CASE("a TorchScript archive is detected by its content and named after its file") {
  const Model model = ModelFolder(make_torchscript()).load();
  CHECK(model.name == "tiny");
  CHECK(model.trained);
  CHECK(model.labels == usual_labels());
  CHECK(model.preprocessing.crop_spec == CropSpec{});
  CHECK(model.network->class_count() == 3);
}

TEST_CASE("a TorchScript archive's card applies unless an option overrides it") {
  const ModelFolder folder(make_torchscript(),
                           R"({"name": "carded", "trained": false, "input_size": [8, 16],
                               "mean": [0.5, 0.5, 0.5], "labels": ["x", "y", "z"]})");
  const Model model = folder.load();
  CHECK(model.name == "carded");
  CHECK_FALSE(model.trained);
  CHECK(model.labels == std::vector<std::string>{"x", "y", "z"});
  CHECK(model.preprocessing.crop_spec.width_px == 16);
  CHECK(model.preprocessing.crop_spec.height_px == 8);
  CHECK(model.preprocessing.normalization.mean[2] == 0.5F);
  ModelCard overrides;
  overrides.name = "overridden";
  overrides.input_size = Size{9, 9};
  const Model other = folder.load(overrides);
  CHECK(other.name == "overridden");
  CHECK(other.preprocessing.crop_spec.width_px == 9);
  CHECK_FALSE(other.trained);
}

TEST_CASE("settings that don't fit the model give an error that says what to do") {
  CHECK(ModelFolder(make_torchscript("return x.mean([2, 3])[:, 1:]")).error() ==
        "tiny.pt: the network has 2 classes, but there are 3 labels; give its own labels file with "
        "--labels");
  CHECK(
      ModelFolder(make_torchscript(), R"({"nme": "x"})").error() ==
      "tiny.json: unknown key \"nme\"; the known keys are input_size, interpolation, labels, mean, "
      "name, resize_size, std, trained");
  ModelCard unnamed;
  unnamed.name = "no name";
  CHECK(
      ModelFolder(make_torchscript()).error(unnamed) ==
      "tiny.pt: the file's name can't be the model's name, which must be 1 to 64 letters, digits, "
      "'.', '_' or '-', and not begin with '.'; set a name with --model-name");
  ModelCard large;
  large.input_size = Size{299, 299};
  CHECK(ModelFolder(make_model_file({{"a", {1}, {1}, float_bytes({1})}})).error(large) ==
        "tiny.pt: SqueezeNet takes 224x224 pixels; --input-size is for TorchScript archives");
}
