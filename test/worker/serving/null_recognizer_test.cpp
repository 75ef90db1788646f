#include "worker/serving/null_recognizer.hpp"

#include <set>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/protocol/wire.hpp"
#include "samoyed_worker_data.hpp"
#include "support/bytes.hpp"
#include "worker/model/labels.hpp"

using namespace samoyed;
using namespace samoyed::worker;

namespace {

NullRecognizer imagenet() {
  return NullRecognizer(parse_labels(data::imagenet_labels_txt, "the built-in labels"));
}

protocol::Recognition recognize(NullRecognizer& recognizer, std::string_view image, int top = 5) {
  return std::get<protocol::Recognition>(recognizer.recognize(test::as_bytes(image), top));
}

}  // namespace

TEST_CASE("the null recognizer describes itself") {
  const NullRecognizer recognizer = imagenet();
  CHECK(recognizer.description().name == "null");
  CHECK(recognizer.description().label_count == 1000);
  CHECK_FALSE(recognizer.description().trained);
}

TEST_CASE("the null recognizer's result depends on the image alone") {
  NullRecognizer recognizer = imagenet(), another = imagenet();
  std::set<std::string> answers;
  for (int i = 0; i < 100; ++i) {
    const std::string image = "image " + std::to_string(i);
    const protocol::Recognition answer = recognize(recognizer, image);
    CHECK(answer == recognize(recognizer, image));
    CHECK(answer == recognize(another, image));
    answers.insert(format_result(answer, protocol::Dialect::extended));
  }
  CHECK(answers.size() == 100);
  CHECK(recognize(recognizer, "one").top[0].label != recognize(recognizer, "two").top[0].label);
}

TEST_CASE("the null recognizer refuses an empty file") {
  NullRecognizer recognizer({"cat"});
  const protocol::Result result = recognizer.recognize(test::as_bytes(""), 5);
  CHECK(std::get<protocol::Refusal>(result).detail == "The file is empty.");
}

TEST_CASE("the null recognizer ranks distinct labels, as many as requested and available") {
  NullRecognizer recognizer({"cat", "dog", "fish"});
  const auto [wanted, given] = GENERATE(table<int, std::size_t>({{1, 1}, {2, 2}, {5, 3}}));
  const protocol::Recognition answer = recognize(recognizer, "image", wanted);
  std::set<std::string> labels;
  double before = 1;
  for (const protocol::RankedLabel& ranked : answer.top) {
    labels.insert(ranked.label);
    CHECK(ranked.label ==
          std::vector{"cat", "dog", "fish"}.at(static_cast<std::size_t>(*ranked.class_index)));
    CHECK(ranked.probability < before);
    before = ranked.probability;
  }
  CHECK(labels.size() == given);
}

TEST_CASE("the null recognizer refuses an empty image as unreadable") {
  NullRecognizer recognizer({"cat"});
  const auto result = recognizer.recognize({}, 5);
  REQUIRE(std::holds_alternative<protocol::Refusal>(result));
  CHECK(std::get<protocol::Refusal>(result) ==
        protocol::Refusal{protocol::RefusalReason::unreadable, "The file is empty."});
}
