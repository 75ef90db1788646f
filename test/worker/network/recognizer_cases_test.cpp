// Tests the recognizer with small pictures of kinds that were once refused or read wrongly. Their
// right answers are those of Pillow (exif_transpose) and PyTorch.

#include <cmath>
#include <cstddef>
#include <string>
#include <variant>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "worker/model/labels.hpp"
#include "worker/network/network_recognizer.hpp"
#include "worker/test_images/image_fixtures.hpp"

namespace samoyed {

TEST_CASE("pictures of unusual kinds produce the right labels and probabilities") {
  const std::string shared = SAMOYED_SHARED_DIR;
  if (shared.empty()) {
    WARN("skipped: needs ../shared");
    return;
  }
  worker::NetworkRecognizer recognizer(worker::make_squeezenet_model(
      worker::load_model_file(shared + "/models/squeezenet1_1.pth"),
      worker::load_labels(SAMOYED_SOURCE_DIR "/src/worker/data/imagenet_labels.txt")));
  const auto cases = nlohmann::json::parse(test::read_file(shared + "/cases/expected.json"));
  REQUIRE(cases.size() == 10);
  for (const auto& expected : cases) {
    const std::string name = expected.at("file");
    CAPTURE(name);
    const std::string file = test::read_file(shared + "/cases/" + name);
    const auto result = recognizer.recognize(test::as_bytes(file), 5);
    REQUIRE(std::holds_alternative<protocol::Recognition>(result));
    const auto& recognition = std::get<protocol::Recognition>(result);
    CHECK(recognition.width == expected.at("width"));
    CHECK(recognition.height == expected.at("height"));
    CHECK_FALSE(recognition.truncated);
    for (std::size_t i = 0; i < 5; ++i) {
      const protocol::RankedLabel& given = recognition.top.at(i);
      CAPTURE(i);
      CHECK(given.label == expected.at("top5").at(i).at(0).get<std::string>());
      CHECK(std::abs(given.probability - expected.at("top5").at(i).at(1).get<double>()) < 1e-4);
    }
  }
}

}  // namespace samoyed
