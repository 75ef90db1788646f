#include "samoyed/dispatcher/worker_room.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "samoyed/dispatcher/worker_list.hpp"

using namespace samoyed::dispatcher;
using namespace std::chrono_literals;

namespace {

/// A worker behind a line on which each transfer takes `transfer_ms`, whatever else is on it, or on
/// a full line, where transfers follow each other. Time is simulated in milliseconds.
struct LineSimulation {
  int threads;
  double cost_ms;
  double transfer_ms;
  bool full_line = false;
  WorkerRoom room = {};

  /// Sends images as soon as there is room, and returns the share of the time in which the threads
  /// worked, in the second half of `images` images.
  double run(int images) {
    room.set_threads(static_cast<std::uint64_t>(threads));
    std::vector<double> free_at(static_cast<std::size_t>(threads), 0);
    struct Image {
      double end;
      double transfer_ms;
    };
    std::vector<Image> in_flight;
    double line_free_at = 0;
    double now = 0;
    double half_at = 0;
    for (int sent = 0; sent < images; ++sent) {
      while (!room.has_room(in_flight.size(), {})) {
        const auto first = std::ranges::min_element(in_flight, {}, &Image::end);
        now = std::max(now, first->end);
        room.record_times(cost_ms, first->transfer_ms, in_flight.size());
        in_flight.erase(first);
      }
      const double begins = full_line ? std::max(now, line_free_at) : now;
      const double arrives = begins + transfer_ms;
      line_free_at = arrives;
      const auto thread = std::ranges::min_element(free_at);
      *thread = std::max(*thread, arrives) + cost_ms;
      in_flight.push_back({*thread, arrives - now});
      in_flight_max = std::max(in_flight_max, in_flight.size());
      if (sent == images / 2) half_at = std::ranges::max(free_at);
    }
    return (images - images / 2) * cost_ms / threads / (std::ranges::max(free_at) - half_at);
  }
  std::size_t in_flight_max = 0;
};

}  // namespace

TEST_CASE("a worker has room for two images per thread, or for more quick ones") {
  WorkerRoom room;
  CHECK(room.places() == 4);  // Nothing is known.
  room.set_threads(3);
  CHECK(room.places() == 6);
  room.record_times(1, 0, 1);
  CHECK(room.places() == 30);
  for (int i = 0; i < 100; ++i) room.record_times(1000, 10, 1);
  CHECK(room.places() == 6);
  room.set_threads(0);  // It is older than `threads`.
  CHECK(room.places() == 32);
  room.set_reference();
  CHECK(room.places() == 2);
}

TEST_CASE("a worker behind a long line has work all the time") {
  for (const double transfer_ms : {5.0, 20.0, 21.0, 100.0, 390.0}) {
    INFO(transfer_ms);
    LineSimulation line{.threads = 2, .cost_ms = 20, .transfer_ms = transfer_ms};
    CHECK(line.run(1000) > 0.95);
    // As many are under way as needed.
    CHECK(line.in_flight_max <= 2 * (2 + static_cast<std::size_t>(transfer_ms / 20)));
  }
}

TEST_CASE("the images on their way are bounded, and on a full line they don't pile up") {
  LineSimulation far{.threads = 2, .cost_ms = 1, .transfer_ms = 10000};
  far.run(1000);
  CHECK(far.in_flight_max == 2 * WorkerRoom::places_per_thread_max);
  // More of them would gain nothing.
  LineSimulation full{.threads = 2, .cost_ms = 20, .transfer_ms = 60, .full_line = true};
  full.run(1000);
  CHECK(full.in_flight_max <= 20);
}

TEST_CASE("a quick line is noticed at once, whatever was measured on a slow one") {
  WorkerRoom room;
  room.set_threads(1);
  for (int i = 0; i < 1000; ++i) room.record_times(20, 200, 1);
  CHECK(room.places() == 11);
  for (int i = 0; i < 10; ++i) room.record_times(20, 2, 1);
  CHECK(room.places() == 2);
}

TEST_CASE("a busy worker gets nothing for a moment, which doubles until it answers") {
  WorkerRoom room;
  room.set_threads(1);
  Clock::time_point now(1h);
  std::chrono::milliseconds pause = WorkerRoom::pause_min;
  for (int i = 0; i < 8; ++i) {
    room.busy(0, now);
    room.busy(0, now);  // It was sent before the pause.
    CHECK(!room.has_room(0, now + pause - 1ms));
    CHECK(room.paused_until() == now + pause);
    now += pause;
    CHECK(room.has_room(0, now));
    pause = std::min(2 * pause, WorkerRoom::pause_max);
  }
  room.answered();
  room.busy(0, now);
  CHECK(room.paused_until() == now + WorkerRoom::pause_min);
  room.answered();
  CHECK(room.has_room(0, now));
}

TEST_CASE("a busy worker gets no more images at a time than it had room for, until it answers") {
  WorkerRoom room;
  room.set_threads(4);
  CHECK(room.places() == 8);
  room.busy(3, Clock::time_point(1h));
  CHECK(room.places() == 3);
  for (std::size_t places = 3; places < 8; ++places) {
    for (int i = 0; i < 8; ++i) {
      CHECK(room.places() == places);
      room.answered();
    }
  }
  CHECK(room.places() == 8);
  room.busy(0, Clock::time_point(1h));
  CHECK(room.places() == 1);
}

TEST_CASE("images wait for a busy worker, also for one that never answered, until its pause ends") {
  WorkerList list;
  list.add({"w1", 1});
  Clock::time_point now(1h);
  list.begin_attempt(1, now);
  CHECK(list.room_changes_at(now) > now + 499ms);  // It may turn out to hang.
  now += 1s;
  CHECK(!list.must_wait({}, now));
  list.end_attempt(1, AttemptEnd::busy, {}, now);
  CHECK(list.must_wait({}, now));
  CHECK(!list.must_wait({}, now, std::vector<WorkerId>{1}));
  CHECK(list.room_changes_at(now) == now + WorkerRoom::pause_min);
  now += WorkerRoom::pause_min;
  CHECK(!list.must_wait({}, now));
  CHECK(list.room_changes_at(now) == Clock::time_point::max());
  list.set_model(1, {"m", true}, 1);
  list.begin_attempt(1, now);
  CHECK(list.must_wait({}, now));
  list.end_attempt(1, AttemptEnd::busy, {}, now);
  list.eject(1, now);
  CHECK(list.room_changes_at(now) == Clock::time_point::max());
}
