#include "worker/network/network_recognizer.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/network/model_fixtures.hpp"
#include "worker/test_images/image_fixtures.hpp"

using samoyed::test::as_bytes;
using samoyed::test::four_labels;
using samoyed::test::make_squeezenet;
using samoyed::test::read_image_fixture;
using namespace samoyed::worker;
namespace protocol = samoyed::protocol;

namespace {

/// Returns a network whose logits are these for every image, because all its weights are 0.
ModelFile make_constant_network(const std::vector<float>& logits) {
  ModelFile file = make_squeezenet(true, static_cast<std::int64_t>(logits.size()));
  for (auto& [name, tensor] : file.tensors) tensor.values.assign(tensor.values.size(), 0.0F);
  file.tensors["classifier.1.bias"].values = logits;
  return file;
}

Model make_constant_model(const std::vector<float>& logits) {
  return make_squeezenet_model(make_constant_network(logits), four_labels);
}

}  // namespace

TEST_CASE("the softmax of logits sums to one and turns their differences into ratios") {
  const auto probabilities = softmax(std::vector<float>{1.0F, 1.0F + std::log(3.0F)});
  REQUIRE(probabilities.size() == 2);
  CHECK(probabilities[0] == Approx(0.25));
  CHECK(probabilities[1] == Approx(0.75));
  // Exponentials of these values would overflow without scaling.
  CHECK(softmax(std::vector<float>{1000.0F, 1000.0F}) == std::vector<float>{0.5F, 0.5F});
}

TEST_CASE("logits that are not finite have no softmax") {
  CHECK(softmax(std::vector<float>{0.0F, std::nanf("")}).empty());
  CHECK(softmax(std::vector<float>{0.0F, std::numeric_limits<float>::infinity()}).empty());
}

TEST_CASE("labels are ranked by probability, and equal ones by class order") {
  NetworkRecognizer recognizer(make_constant_model({0.5F, 2.0F, 0.5F, 2.0F}));
  const std::string file = read_image_fixture("rgb.bmp");
  const auto result = recognizer.recognize(as_bytes(file), 3);
  REQUIRE(std::holds_alternative<protocol::Recognition>(result));
  const auto& recognition = std::get<protocol::Recognition>(result);
  REQUIRE(recognition.top.size() == 3);
  CHECK(recognition.top[0].label == "bee");
  CHECK(recognition.top[0].class_index == 1);
  CHECK(recognition.top[1].label == "dog");
  CHECK(recognition.top[1].class_index == 3);
  CHECK(recognition.top[2].label == "ant");
  CHECK(recognition.top[2].class_index == 0);
  const double expected = std::exp(2.0) / (2 * std::exp(2.0) + 2 * std::exp(0.5));
  CHECK(recognition.top[0].probability == Approx(expected));
  CHECK(recognition.top[1].probability == recognition.top[0].probability);
}

TEST_CASE("a network with fewer classes than requested returns all of them") {
  NetworkRecognizer recognizer(make_constant_model({1, 2, 3, 4}));
  const std::string file = read_image_fixture("rgb.bmp");
  const auto result = recognizer.recognize(as_bytes(file), 1000);
  REQUIRE(std::holds_alternative<protocol::Recognition>(result));
  CHECK(std::get<protocol::Recognition>(result).top.size() == 4);
}

TEST_CASE("a recognition reports the upright image's size and the time of each phase") {
  NetworkRecognizer recognizer(make_constant_model({1, 2, 3, 4}));
  const std::string file = read_image_fixture("exif_6.jpg");
  const Image upright = samoyed::test::read_expected_image("exif_6.jpg");
  const auto result = recognizer.recognize(as_bytes(file), 1);
  REQUIRE(std::holds_alternative<protocol::Recognition>(result));
  const auto& recognition = std::get<protocol::Recognition>(result);
  CHECK(recognition.width == upright.width);
  CHECK(recognition.height == upright.height);
  REQUIRE(recognition.times);
  CHECK(recognition.times->queue_ms == 0);
  CHECK(recognition.times->decode_ms > 0);
  CHECK(recognition.times->resize_ms > 0);
  CHECK(recognition.times->forward_ms > 0);

  NetworkRecognizer as_stored(make_constant_model({1, 2, 3, 4}),
                              {.limits = {}, .apply_exif_orientation = false});
  const auto lying = as_stored.recognize(as_bytes(file), 1);
  REQUIRE(std::holds_alternative<protocol::Recognition>(lying));
  CHECK(std::get<protocol::Recognition>(lying).width == upright.height);
}

TEST_CASE("a requested thumbnail comes with the recognition and changes nothing else") {
  NetworkRecognizer recognizer(make_constant_model({1, 2, 3, 4}));
  const std::string file = read_image_fixture("exif_6.jpg");
  const auto recognize = [&](const RecognitionOptions& options) {
    return std::get<protocol::Recognition>(recognizer.recognize(as_bytes(file), options));
  };
  const auto without = recognize(4);
  const auto with = recognize({4, 10});
  CHECK(without.thumbnail.empty());
  CHECK(with.top == without.top);
  const auto shown = samoyed::test::decode_upright(as_bytes(with.thumbnail), {}, false);
  REQUIRE(std::holds_alternative<Image>(shown));
  CHECK(std::get<Image>(shown).width == 7);  // The upright image is 13x19.
  CHECK(std::get<Image>(shown).height == 10);
  const auto refused = recognizer.recognize(as_bytes(file.substr(0, file.size() / 2)), {4, 10});
  CHECK(refused == recognizer.recognize(as_bytes(file.substr(0, file.size() / 2)), 4));
  CHECK(std::holds_alternative<protocol::Refusal>(refused));
}

TEST_CASE("an image with an error gives a refusal") {
  NetworkRecognizer recognizer(make_constant_model({1, 2, 3, 4}),
                               {.limits = {.side_px_max = 1}, .apply_exif_orientation = true});
  const auto reason = [&](const std::string& file) {
    const auto result = recognizer.recognize(as_bytes(file), 5);
    REQUIRE(std::holds_alternative<protocol::Refusal>(result));
    return std::get<protocol::Refusal>(result).reason;
  };
  CHECK(reason("no image") == protocol::RefusalReason::unreadable);
  CHECK(reason("") == protocol::RefusalReason::unreadable);
  CHECK(reason(read_image_fixture("rgb.bmp")) == protocol::RefusalReason::too_many_pixels);
}

TEST_CASE("a network that overflows gives a refusal instead of nonsense") {
  ModelFile file = make_squeezenet(true, 4);
  for (auto& [name, tensor] : file.tensors) {
    tensor.values.assign(tensor.values.size(), std::numeric_limits<float>::max());
  }
  NetworkRecognizer recognizer(make_squeezenet_model(file, four_labels));
  const auto result = recognizer.recognize(as_bytes(read_image_fixture("rgb.bmp")), 5);
  REQUIRE(std::holds_alternative<protocol::Refusal>(result));
  CHECK(std::get<protocol::Refusal>(result).reason == protocol::RefusalReason::internal);
}

TEST_CASE("the description has the model's name, its label count and whether it was trained") {
  ModelFile file = make_constant_network({1, 2, 3, 4});
  file.trained = false;
  const NetworkRecognizer recognizer(make_squeezenet_model(file, four_labels));
  CHECK(recognizer.description().name == "squeezenet1_1");
  CHECK(recognizer.description().label_count == 4);
  CHECK_FALSE(recognizer.description().trained);
}
