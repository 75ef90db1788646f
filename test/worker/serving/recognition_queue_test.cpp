#include "worker/serving/recognition_queue.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <semaphore>
#include <thread>

#include <catch2/catch.hpp>

#include "samoyed/protocol/wire.hpp"
#include "support/bytes.hpp"
#include "support/fake_recognizer.hpp"
#include "support/gate.hpp"

using namespace samoyed;
using namespace samoyed::worker;
using namespace std::chrono_literals;

namespace {

std::vector<std::byte> bytes(std::string_view text) {
  const auto span = test::as_bytes(text);
  return {span.begin(), span.end()};
}

/// Submits an image and waits for its result. Returns the best label, the refusal's reason, or
/// "full".
std::string answer(RecognitionQueue& queue, std::string_view text) {
  std::promise<protocol::Result> promise;
  if (!queue.submit(bytes(text), 5, [&](protocol::Result result) { promise.set_value(result); })) {
    return "full";
  }
  const test::Wait wait("the result of an image");
  const protocol::Result result = promise.get_future().get();
  if (const auto* refusal = std::get_if<protocol::Refusal>(&result)) {
    return std::string(to_string(refusal->reason));
  }
  return std::get<protocol::Recognition>(result).top.at(0).label;
}

void ignore(const protocol::Result&) {}

/// Counts the `done` functions during whose destruction another thread can use the queue.
struct UsesAtEnd {
  RecognitionQueue::Done done() {
    const std::shared_ptr<void> end(nullptr, [this](void*) {
      const auto gate = std::make_shared<test::Gate>();
      others.emplace_back([this, gate] {
        queue.full();
        gate->open();
      });
      if (gate->wait()) ++count;
    });
    return [end](const protocol::Result&) {};
  }

  RecognitionQueue& queue;
  int count = 0;
  std::vector<std::jthread> others{};
};

}  // namespace

TEST_CASE("every image gets its own result when many threads submit at once") {
  test::FakeRecognizer recognizer;
  RecognitionQueue queue(recognizer, {.threads = 3, .queued_max = 1000});
  std::vector<std::future<bool>> right;
  for (int thread = 0; thread < 4; ++thread) {
    right.push_back(std::async(std::launch::async, [&queue, thread] {
      for (int i = 0; i < 100; ++i) {
        const std::string text = std::to_string(thread) + "/" + std::to_string(i);
        if (answer(queue, text) != text) return false;
      }
      return true;
    }));
  }
  for (auto& all_right : right) CHECK(all_right.get());
}

TEST_CASE("a full queue refuses images at once and accepts them again when there is room") {
  test::FakeRecognizer recognizer;
  recognizer.close();
  RecognitionQueue queue(recognizer, {.threads = 1, .queued_max = 2});
  const test::OpensAtEnd opens(recognizer);
  REQUIRE(queue.submit(bytes("under recognition"), 5, ignore));
  recognizer.wait_for_started(1);
  CHECK(queue.submit(bytes("waits"), 5, ignore));
  CHECK_FALSE(queue.full());
  CHECK(queue.submit(bytes("waits too"), 5, ignore));
  CHECK(queue.full());
  CHECK(queue.load().queued == 2);
  CHECK(queue.load().queued_bytes == 14);
  CHECK(queue.load().recognizing == 1);
  CHECK_FALSE(queue.submit(bytes("too many"), 5, ignore));
  recognizer.open();
  recognizer.wait_for_started(3);
  CHECK(answer(queue, "later") == "later");
  CHECK(queue.load().queued == 0);
  CHECK(queue.load().queued_bytes == 0);
  CHECK(queue.load().recognizing == 0);
}

TEST_CASE("the waiting bytes are limited, but a single image always fits") {
  test::FakeRecognizer recognizer;
  recognizer.close();
  RecognitionQueue queue(recognizer, {.threads = 1, .queued_max = 100, .queued_bytes_max = 10});
  const test::OpensAtEnd opens(recognizer);
  REQUIRE(queue.submit(bytes("x"), 5, ignore));
  recognizer.wait_for_started(1);
  CHECK(queue.submit(bytes("larger than ten"), 5, ignore));
  CHECK_FALSE(queue.submit(bytes("y"), 5, ignore));
  recognizer.open();
  recognizer.wait_for_started(2);
  CHECK(answer(queue, "y") == "y");
}

TEST_CASE("a result says how long its image waited") {
  test::FakeRecognizer recognizer;
  recognizer.close();
  std::promise<protocol::Result> promise;
  RecognitionQueue queue(recognizer, {.threads = 1});
  const test::OpensAtEnd opens(recognizer);
  REQUIRE(queue.submit(bytes("begun"), 5, ignore));
  recognizer.wait_for_started(1);
  REQUIRE(queue.submit(bytes("waits"), 5,
                       [&](protocol::Result result) { promise.set_value(std::move(result)); }));
  std::this_thread::sleep_for(5ms);
  recognizer.open();
  const test::Wait wait("the result of an image");
  const auto recognition = std::get<protocol::Recognition>(promise.get_future().get());
  CHECK(recognition.times.value().queue_ms >= 5);
}

TEST_CASE("if the recognizer throws, only that image fails") {
  test::FakeRecognizer recognizer;
  RecognitionQueue queue(recognizer, {.threads = 1});
  CHECK(answer(queue, "throw") == "internal");
  CHECK(answer(queue, "next") == "next");
}

TEST_CASE("a queue that ends finishes the images being recognized and drops the waiting ones") {
  test::FakeRecognizer recognizer;
  recognizer.close();
  std::atomic<int> done = 0;
  {
    RecognitionQueue queue(recognizer, {.threads = 1});
    const auto count = [&done](const protocol::Result&) { ++done; };
    queue.submit(bytes("begun"), 5, count);
    recognizer.wait_for_started(1);
    for (int i = 0; i < 1000; ++i) queue.submit(bytes("waits"), 5, count);
    queue.stop();
    CHECK_FALSE(queue.submit(bytes("late"), 5, count));
    recognizer.open();
  }
  CHECK(done == 1);
}

TEST_CASE("a withdrawn image is never recognized and frees its place at once") {
  test::FakeRecognizer recognizer;
  recognizer.close();
  RecognitionQueue queue(recognizer, {.threads = 1, .queued_max = 2, .queued_bytes_max = 10});
  const test::OpensAtEnd opens(recognizer);
  const auto begun = queue.submit(bytes("begun"), 5, ignore);
  REQUIRE(begun);
  recognizer.wait_for_started(1);
  CHECK_FALSE(queue.withdraw(*begun));

  std::atomic<int> done = 0;
  const auto first = queue.submit(bytes("12345"), 5, [&](const auto&) { ++done; });
  const auto second = queue.submit(bytes("67890"), 5, [&](const auto&) { ++done; });
  REQUIRE((first && second));
  CHECK(queue.full(5));
  CHECK(queue.withdraw(*first));
  CHECK_FALSE(queue.withdraw(*first));
  CHECK_FALSE(queue.full(5));
  CHECK(queue.full(6));
  CHECK(queue.withdraw(*second));
  recognizer.open();
  CHECK(answer(queue, "later") == "later");
  CHECK(recognizer.started() == 2);
  CHECK(done == 0);
}

TEST_CASE("dropped images are freed while other threads can use the queue") {
  test::FakeRecognizer recognizer;
  recognizer.close();
  RecognitionQueue queue(recognizer, {.threads = 1, .queued_max = 2});
  REQUIRE(queue.submit(bytes("begun"), 5, ignore));
  recognizer.wait_for_started(1);
  UsesAtEnd uses{queue};
  const auto withdrawn = queue.submit(bytes("withdrawn"), 5, uses.done());
  REQUIRE(withdrawn);
  queue.withdraw(*withdrawn);
  CHECK(uses.count == 1);
  queue.submit(bytes("waits"), 5, uses.done());
  queue.submit(bytes("waits too"), 5, uses.done());
  CHECK_FALSE(queue.submit(bytes("too many"), 5, uses.done()));
  CHECK(uses.count == 2);
  queue.stop();
  CHECK(uses.count == 4);
  recognizer.open();
}

TEST_CASE("a thread that has waited long calls on_idle, once until its next image") {
  test::FakeRecognizer recognizer;
  std::counting_semaphore<> idle(0);
  RecognitionQueue queue(recognizer, {.threads = 1, .idle_after = 1ms}, [&] { idle.release(); });
  for (int i = 0; i < 3; ++i) {
    REQUIRE(idle.try_acquire_for(10s));
    std::this_thread::sleep_for(20ms);
    CHECK_FALSE(idle.try_acquire());
    CHECK(answer(queue, "image") == "image");
  }
}
