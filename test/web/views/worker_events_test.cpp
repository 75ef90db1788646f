#include "web/views/worker_events.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

using dispatcher::WorkerList;
using Shown = WorkersView::Shown;

TEST_CASE("an event is as new as its changes need") {
  WorkerList workers;
  workers.add({"kennel", 1});
  WorkerEvents events(workers);
  WorkerEvents::Clock::time_point now{};
  const WorkerEvents::Event first = events.latest(Shown::open, now);
  CHECK(first->find("kennel:1") != first->npos);

  // Something was added.
  workers.add({"kennel", 2});
  CHECK(events.latest(Shown::open, now) == first);
  now += WorkerEvents::changed_age_max_ms;
  const WorkerEvents::Event second = events.latest(Shown::open, now);
  CHECK(second->find("kennel:2") != second->npos);

  // Only numbers have changed.
  const dispatcher::WorkerId id = workers.snapshot().front().worker.id;
  workers.set_model(id, {"m", true});
  now += WorkerEvents::changed_age_max_ms;
  const WorkerEvents::Event third = events.latest(Shown::open, now);
  CHECK(third != second);
  workers.begin_attempt(id);
  now += WorkerEvents::counted_age_max_ms - std::chrono::milliseconds(1);
  CHECK(events.latest(Shown::open, now) == third);
  now += std::chrono::milliseconds(1);
  const WorkerEvents::Event fourth = events.latest(Shown::open, now);
  CHECK(fourth->find("\"in_flight\":1") != fourth->npos);
  CHECK(events.encoded() == 4);

  // Nothing has changed.
  now += WorkerEvents::counted_age_max_ms;
  CHECK(events.latest(Shown::open, now) == fourth);
}

TEST_CASE("who may see less gets another event") {
  WorkerList workers;
  workers.add({"kennel", 1});
  WorkerEvents events(workers);
  const WorkerEvents::Clock::time_point now{};
  events.latest(Shown::open, now);
  events.latest(Shown::signed_in, now);
  CHECK(events.encoded() == 2);
}

}  // namespace
}  // namespace samoyed::web
