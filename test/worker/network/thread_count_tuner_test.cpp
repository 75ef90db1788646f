#include "worker/network/thread_count_tuner.hpp"

#include <chrono>

#include <catch2/catch.hpp>

using samoyed::worker::ThreadCountTuner;
using std::chrono::milliseconds;
using Way = ThreadCountTuner::Way;

namespace {

/// Records the times of this many lone images, each as long as its way takes. Returns how many used
/// two threads.
int compute(ThreadCountTuner& choice, int images, milliseconds two, milliseconds one) {
  int by_two = 0;
  for (int i = 0; i < images; ++i) {
    const Way way = choice.next();
    if (way == Way::two_threads) ++by_two;
    choice.took(way, way == Way::two_threads ? two : one);
  }
  return by_two;
}

/// Returns a tuner after the first images of both ways.
ThreadCountTuner after_start(milliseconds two, milliseconds one) {
  ThreadCountTuner choice;
  compute(choice, 2 * ThreadCountTuner::first_runs, two, one);
  return choice;
}

}  // namespace

TEST_CASE("the first lone images alternate between two threads and one") {
  ThreadCountTuner choice;
  for (int i = 0; i < ThreadCountTuner::first_runs; ++i) {
    REQUIRE(choice.next() == Way::two_threads);
    choice.took(Way::two_threads, milliseconds(1));
    REQUIRE(choice.next() == Way::one_thread);
    choice.took(Way::one_thread, milliseconds(1));
  }
}

TEST_CASE("the faster way is used, and the other one is tried more and more rarely") {
  ThreadCountTuner helps = after_start(milliseconds(4), milliseconds(7));
  // The tries come after 7, 15, 31 and 63 images.
  CHECK(120 - compute(helps, 120, milliseconds(4), milliseconds(7)) == 4);
  constexpr int images = 10 * (ThreadCountTuner::tried_again_after_max + 1);
  CHECK(images - compute(helps, images, milliseconds(4), milliseconds(7)) == 10);
  ThreadCountTuner hinders = after_start(milliseconds(7), milliseconds(4));
  CHECK(compute(hinders, 120, milliseconds(7), milliseconds(4)) == 4);
  CHECK(compute(hinders, images, milliseconds(7), milliseconds(4)) == 10);
}

TEST_CASE("a second thread that doesn't help is not used") {
  CHECK(after_start(milliseconds(5), milliseconds(5)).next() == Way::one_thread);
}

TEST_CASE("stalls of the machine during the first images don't affect the choice") {
  ThreadCountTuner choice;
  for (int i = 0; i < ThreadCountTuner::first_runs; ++i) {
    choice.took(Way::two_threads, milliseconds(i == 2 ? 4 : 500));
    choice.took(Way::one_thread, milliseconds(7));
  }
  CHECK(choice.next() == Way::two_threads);
}

TEST_CASE("a start on busy cores is forgotten after one try") {
  ThreadCountTuner choice = after_start(milliseconds(20), milliseconds(7));
  CHECK(compute(choice, ThreadCountTuner::tried_again_after_min + 1, milliseconds(4),
                milliseconds(7)) == 1);
  CHECK(choice.next() == Way::two_threads);
}

TEST_CASE("one stall of the machine doesn't affect the choice") {
  ThreadCountTuner choice = after_start(milliseconds(4), milliseconds(7));
  choice.took(Way::two_threads, milliseconds(500));
  CHECK(choice.next() == Way::two_threads);
}

TEST_CASE("an image gets one thread while others use the cores, and two once they are idle") {
  ThreadCountTuner choice = after_start(milliseconds(4), milliseconds(7));
  CHECK(compute(choice, 100, milliseconds(20), milliseconds(8)) < 10);
  REQUIRE(choice.next() == Way::one_thread);
  constexpr int images = 4 * ThreadCountTuner::tried_again_after_max;
  CHECK(compute(choice, images, milliseconds(4), milliseconds(7)) > images / 4);
  CHECK(choice.next() == Way::two_threads);
}

TEST_CASE("an image that did not stay the only one doesn't count") {
  ThreadCountTuner choice;
  REQUIRE(choice.next() == Way::two_threads);
  CHECK(choice.next() == Way::two_threads);
}
