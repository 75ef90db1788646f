// Tests the whole path from an image file to five labels against PyTorch, torchvision and Pillow.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/npy.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/image/normalize.hpp"
#include "worker/image/resize.hpp"
#include "worker/model/labels.hpp"
#include "worker/network/network_recognizer.hpp"
#include "worker/test_images/image_fixtures.hpp"

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

/// How well two ways of recognizing the same image agree.
struct Comparison {
  bool same_best = false;
  bool same_five = false;
  double largest_change = 0;  ///< Largest change of any class's probability.
};

/// Compares two results. Both must have all labels.
Comparison compare(const protocol::Result& one, const protocol::Result& other) {
  const auto& expected = std::get<protocol::Recognition>(one);
  const auto& given = std::get<protocol::Recognition>(other);
  REQUIRE(given.width == expected.width);
  REQUIRE(given.height == expected.height);
  const auto same_class = [](const auto& a, const auto& b) {
    return a.class_index == b.class_index;
  };
  const auto probabilities = [](const protocol::Recognition& recognition) {
    std::vector<double> by_class(recognition.top.size());
    for (const protocol::RankedLabel& label : recognition.top) {
      by_class.at(static_cast<std::size_t>(label.class_index.value())) = label.probability;
    }
    return by_class;
  };
  Comparison comparison;
  comparison.same_best = same_class(given.top.at(0), expected.top.at(0));
  comparison.same_five =
      std::equal(given.top.begin(), given.top.begin() + 5, expected.top.begin(), same_class);
  const auto before = probabilities(expected);
  const auto after = probabilities(given);
  for (std::size_t i = 0; i < before.size(); ++i) {
    comparison.largest_change = std::max(comparison.largest_change, std::abs(after[i] - before[i]));
  }
  return comparison;
}

}  // namespace

TEST_CASE("the 99 golden images produce the golden labels and probabilities") {
  if (shared.empty()) {
    WARN("skipped: needs ../shared");
    return;
  }
  NetworkRecognizer recognizer(make_squeezenet_model(
      load_model_file(shared + "/models/squeezenet1_1.pth"),
      load_labels(SAMOYED_SOURCE_DIR "/src/worker/data/imagenet_labels.txt")));
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
  WARN("largest deviation in a probability: " << largest_deviation);
}

TEST_CASE("with --fast-decode the 99 golden images keep their best label") {
  if (shared.empty()) {
    WARN("skipped: needs ../shared");
    return;
  }
  const ModelFile model = load_model_file(shared + "/models/squeezenet1_1.pth");
  const auto labels = load_labels(SAMOYED_SOURCE_DIR "/src/worker/data/imagenet_labels.txt");
  NetworkRecognizer exact(make_squeezenet_model(model, labels));
  NetworkRecognizer fast(make_squeezenet_model(model, labels), {.limits = {}, .fast_decode = true});
  const auto golden = nlohmann::json::parse(read_file(shared + "/golden/top5.json"));
  REQUIRE(golden.size() == 99);
  int large = 0;
  int same_best = 0;
  int same_five = 0;
  double largest_change = 0;
  for (const auto& expected : golden) {
    const std::string name = expected.at("file");
    CAPTURE(name);
    const std::string file = read_file(image_path(name));
    const Comparison comparison =
        compare(exact.recognize(as_bytes(file), 1000), fast.recognize(as_bytes(file), 1000));
    CHECK(comparison.same_best);
    same_best += comparison.same_best ? 1 : 0;
    same_five += comparison.same_five ? 1 : 0;
    largest_change = std::max(largest_change, comparison.largest_change);
    const bool is_large =
        std::min(expected.at("width").get<int>(), expected.at("height").get<int>()) >= 1024;
    large += is_large ? 1 : 0;
    if (!is_large) CHECK(comparison.largest_change == 0);
  }
  CHECK(large > 0);
  WARN("--fast-decode: " << large << " of 99 images are large enough to be decoded at a smaller "
                         << "size; " << same_best << " of 99 keep their best label, and "
                         << same_five << " keep their best five in order; largest change in a "
                         << "probability: " << largest_change);
}

TEST_CASE("three images produce the golden logits") {
  if (shared.empty()) {
    WARN("skipped: needs ../shared");
    return;
  }
  const Squeezenet network(load_model_file(shared + "/models/squeezenet1_1.pth"));
  for (const std::string name : {"dog", "beaver", "basketball"}) {
    CAPTURE(name);
    const auto decoded = decode_upright(as_bytes(read_file(image_path(name + ".jpg"))), {}, true);
    REQUIRE(std::holds_alternative<Image>(decoded));
    std::vector<float> planes(input_floats);
    Normalizer().normalize(samoyed::test::resize_and_crop(std::get<Image>(decoded)), planes);
    const auto logits = network.forward(std::span<const float, input_floats>(planes));
    const auto expected = samoyed::test::read_npy(shared + "/golden/" + name + ".logits.npy");
    REQUIRE(logits.size() == expected.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      CHECK(std::abs(logits[i] - expected[i]) < 1e-4F);
    }
  }
}

TEST_CASE("bfloat16 changes no best label that float32 is sure of") {
  if (shared.empty()) {
    WARN("skipped: needs ../shared");
    return;
  }
  if (why_unsupported(Precision::bf16)) {
    WARN("skipped: needs a processor with AMX");
    return;
  }
  const ModelFile model = load_model_file(shared + "/models/squeezenet1_1.pth");
  const auto labels = load_labels(SAMOYED_SOURCE_DIR "/src/worker/data/imagenet_labels.txt");
  NetworkRecognizer exact(make_squeezenet_model(model, labels));
  NetworkRecognizer rounded(make_squeezenet_model(model, labels, {.precision = Precision::bf16}));
  const auto golden = nlohmann::json::parse(read_file(shared + "/golden/top5.json"));
  int agreements = 0;
  for (const auto& expected : golden) {
    const std::string name = expected.at("file");
    CAPTURE(name);
    const std::string file = read_file(image_path(name));
    const auto exact_top = std::get<protocol::Recognition>(exact.recognize(as_bytes(file), 2)).top;
    const auto rounded_top =
        std::get<protocol::Recognition>(rounded.recognize(as_bytes(file), 1)).top;
    const bool agrees = rounded_top[0].class_index == exact_top[0].class_index;
    agreements += agrees ? 1 : 0;
    // The difference between two logits is the logarithm of the ratio of their probabilities.
    const double apart = std::log(exact_top[0].probability / exact_top[1].probability);
    if (apart > 0.25) CHECK(agrees);
  }
  WARN("same best label: " << agreements << " of " << golden.size());
}
