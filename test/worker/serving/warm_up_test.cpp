#include "worker/serving/warm_up.hpp"

#include <future>
#include <variant>

#include <catch2/catch.hpp>

#include "support/fake_recognizer.hpp"
#include "worker/test_images/image_fixtures.hpp"

using namespace samoyed;
using worker::RecognitionQueue;
using worker::warm_up;

TEST_CASE("the warm-up uses all threads at once and ends after its last image") {
  test::FakeRecognizer recognizer;
  recognizer.close();
  RecognitionQueue queue(recognizer, {.threads = 3});
  auto ended = std::async(std::launch::async, [&] { warm_up(queue, 3); });
  recognizer.wait_for_started(3);
  recognizer.open();
  const test::Wait wait("the end of the warm-up");
  ended.get();
  CHECK(recognizer.started() == 2 * 3 + 1);
  CHECK(queue.load().recognizing == 0);
}

TEST_CASE("a queue with fewer places than threads is warmed up as far as possible") {
  test::FakeRecognizer recognizer;
  RecognitionQueue queue(recognizer, {.threads = 4, .queued_max = 1});
  warm_up(queue, 4);
  CHECK(recognizer.started() >= 2 + 1);
  CHECK(recognizer.started() <= 2 * 4 + 1);
}

TEST_CASE("the warm-up image is a small file that can be decoded", "[image]") {
  const std::string file = worker::make_warm_up_image();
  CHECK(file == worker::make_warm_up_image());
  CHECK(file.size() > 10'000);  // Noise, not a single color.
  CHECK(file.size() < 1'000'000);
  const auto read = test::decode_upright(test::as_bytes(file), {}, true);
  REQUIRE(std::holds_alternative<worker::Image>(read));
  CHECK(std::get<worker::Image>(read).width == 1024);
}
