#include "dispatcher/load/tally.hpp"

namespace samoyed::load {
namespace {

bool contains(const Tally::Window& window, Clock::time_point time) {
  return time >= window.begin && time < window.end;
}

std::chrono::nanoseconds from_ms(double ms) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double, std::milli>(ms));
}

}  // namespace

double Tally::seconds() const {
  return std::chrono::duration<double>(window_.end - window_.begin).count();
}

void Tally::ended(Clock::time_point due, Clock::time_point end, const Ending& ending) {
  if (contains(window_, end)) {
    if (ending.kind != Ending::Kind::failed) ++answered_within_;
    if (ending.kind == Ending::Kind::recognized) ++recognized_within_;
  }
  if (contains(window_, due)) count(due, end, ending);
}

void Tally::count(Clock::time_point due, Clock::time_point end, const Ending& ending) {
  ++sent_;
  if (ending.kind == Ending::Kind::refused) {
    ++refused_[ending.why];
    return;
  }
  if (ending.kind == Ending::Kind::failed) {
    ++failed_[ending.why];
    return;
  }
  latency_.record(end - due);
  if (const auto& steps = ending.steps) {
    steps_.size.record(steps->size);
    steps_.image.record(steps->image);
    steps_.result.record(steps->result);
  }
  if (const auto& times = ending.worker_times) {
    phases_.queue.record(from_ms(times->queue_ms));
    phases_.decode.record(from_ms(times->decode_ms));
    phases_.resize.record(from_ms(times->resize_ms));
    phases_.forward.record(from_ms(times->forward_ms));
  }
}

}  // namespace samoyed::load
