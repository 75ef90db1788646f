#include "samoyed/dispatcher/worker_room.hpp"

#include <algorithm>
#include <cmath>

namespace samoyed::dispatcher {
namespace {

/// One image that is recognized, and one that has arrived when the thread is free.
constexpr std::size_t places_per_thread = 2;
/// Images that are quicker than that would often leave a thread waiting for the next one.
constexpr double queued_ms_min = 10;

/// A worker that was never contacted, a reference server, which has one thread, and a worker that
/// is older than hello's `threads`.
constexpr std::size_t places_before_hello = 4;
constexpr std::size_t places_of_reference = 2;
constexpr std::size_t places_of_older = 32;
/// The defaults of a worker's --queue-length-max and of the connections to one worker.
constexpr std::size_t places_max = 256;

/// The weight of the newest image in the mean of the costs.
constexpr double newest_cost_weight = 0.1;
/// The weights of a transfer that was quicker or slower than the estimate.
constexpr double quicker_transfer_weight = 0.5;
constexpr double slower_transfer_weight = 0.02;

/// After `busy`, a worker gets one more image in flight for so many answers.
constexpr std::size_t answers_per_place = 8;

}  // namespace

void WorkerRoom::set_threads(std::uint64_t threads) {
  kind_ = Kind::samoyed;
  threads_ = threads;
}

void WorkerRoom::set_reference() { kind_ = Kind::reference; }

void WorkerRoom::record_times(double cost_ms, double transfer_ms, std::size_t in_flight) {
  const double cost_before = cost_ms_.value_or(cost_ms);
  cost_ms_ = cost_before + newest_cost_weight * (cost_ms - cost_before);
  const double transfer_before = transfer_ms_.value_or(transfer_ms);
  if (transfer_ms < transfer_before) {
    transfer_ms_ = transfer_before + quicker_transfer_weight * (transfer_ms - transfer_before);
    return;
  }
  // On a full line, each transfer becomes slower with the number of images in flight, and more of
  // them gain nothing. So the estimate rises only as if an image per thread had been in flight.
  const double few = static_cast<double>(std::max<std::uint64_t>(threads_, 1));
  const double alone_ms = transfer_ms * std::min(1.0, few / static_cast<double>(in_flight));
  const double rise_ms = std::max(alone_ms - transfer_before, 0.0);
  transfer_ms_ = transfer_before + slower_transfer_weight * rise_ms;
}

void WorkerRoom::answered() {
  pause_ = pause_min;
  paused_until_ = Clock::time_point::min();
  if (!limit_ || ++answers_ < answers_per_place) return;
  answers_ = 0;
  if (++*limit_ >= places_if_not_busy()) limit_.reset();
}

void WorkerRoom::busy(std::size_t in_flight, Clock::time_point now) {
  limit_ = std::max<std::size_t>(in_flight, 1);
  answers_ = 0;
  // Images that were sent before the pause say nothing new.
  if (paused(now)) return;
  paused_until_ = now + pause_;
  pause_ = std::min(2 * pause_, pause_max);
}

std::size_t WorkerRoom::places() const {
  return std::min(places_if_not_busy(), limit_.value_or(places_max));
}

std::size_t WorkerRoom::places_if_not_busy() const {
  if (kind_ == Kind::reference) return places_of_reference;
  if (kind_ == Kind::unknown) return places_before_hello;
  if (threads_ == 0) return places_of_older;
  double per_thread = places_per_thread;
  if (cost_ms_) {
    const double cost_ms = std::max(*cost_ms_, queued_ms_min / places_per_thread_max);
    const double under_way = std::ceil(*transfer_ms_ / cost_ms);
    per_thread = std::max({per_thread, std::floor(queued_ms_min / cost_ms), 1 + under_way});
  }
  per_thread = std::min(per_thread, static_cast<double>(places_per_thread_max));
  const auto threads = std::min<std::uint64_t>(threads_, places_max);
  return std::min(static_cast<std::size_t>(per_thread) * threads, places_max);
}

}  // namespace samoyed::dispatcher
