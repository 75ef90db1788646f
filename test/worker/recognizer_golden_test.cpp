// The whole way from an image file to five labels, against PyTorch, torchvision and Pillow.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/npy.hpp"
#include "worker/image_decoder.hpp"
#include "worker/image_fixtures.hpp"
#include "worker/labels.hpp"
#include "worker/normalise.hpp"
#include "worker/resize.hpp"
#include "worker/squeezenet_recognizer.hpp"

using samoyed::test::as_bytes;
using samoyed::test::decode_upright;
using samoyed::test::read_file;
using namespace samoyed::worker;
namespace protocol = samoyed::protocol;

namespace {

const std::string shared = SAMOYED_SHARED_DIR;

std::string image_path(const std::string& file) {
  const bool of_imagenet = file.ends_with(".JPEG");
  return shared + "/images/" + (of_imagenet ? "imagenet96/" : "") + file;
}

}  // namespace

TEST_CASE("the 99 golden pictures give the same five labels and probabilities") {
  if (shared.empty()) {
    WARN("skipped for want of ../shared");
    return;
  }
  SqueezenetRecognizer recognizer(
      load_model_file(shared + "/models/squeezenet1_1.pth"),
      load_labels(SAMOYED_SOURCE_DIR "/src/worker/data/imagenet_labels.txt"));
  const auto golden = nlohmann::json::parse(read_file(shared + "/golden/top5.json"));
  REQUIRE(golden.size() == 99);
  double largest_deviation = 0;
  for (const auto& expected : golden) {
    const std::string name = expected.at("file");
    CAPTURE(name);
    const std::string file = read_file(image_path(name));
    const auto result = recognizer.recognize(as_bytes(file), 5);
    REQUIRE(std::holds_alternative<protocol::Recognition>(result));
    const auto& recognition = std::get<protocol::Recognition>(result);
    CHECK(recognition.width == expected.at("width"));
    CHECK(recognition.height == expected.at("height"));
    REQUIRE(recognition.top.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
      const protocol::RankedLabel& given = recognition.top[i];
      CAPTURE(i);
      CHECK(given.label == expected.at("top5").at(i).at(0).get<std::string>());
      CHECK(given.class_index == expected.at("classes").at(i).get<int>());
      const double deviation =
          std::abs(given.probability - expected.at("top5").at(i).at(1).get<double>());
      CHECK(deviation < 1e-4);
      largest_deviation = std::max(largest_deviation, deviation);
    }
  }
  WARN("largest deviation of a probability: " << largest_deviation);
}

TEST_CASE("three pictures give the golden logits") {
  if (shared.empty()) {
    WARN("skipped for want of ../shared");
    return;
  }
  const Squeezenet network(load_model_file(shared + "/models/squeezenet1_1.pth"));
  for (const std::string name : {"dog", "beaver", "basketball"}) {
    CAPTURE(name);
    const auto decoded = decode_upright(as_bytes(read_file(image_path(name + ".jpg"))), {}, true);
    REQUIRE(std::holds_alternative<Image>(decoded));
    std::vector<float> planes(input_floats);
    normalise(samoyed::test::resize_and_crop(std::get<Image>(decoded)),
              std::span<float, input_floats>(planes));
    const auto logits = network.forward(std::span<const float, input_floats>(planes));
    const auto expected = samoyed::test::read_npy(shared + "/golden/" + name + ".logits.npy");
    REQUIRE(logits.size() == expected.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      CHECK(std::abs(logits[i] - expected[i]) < 1e-4F);
    }
  }
}
