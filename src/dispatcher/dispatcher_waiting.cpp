#include <algorithm>
#include <string_view>
#include <utility>

#include "dispatcher/dispatcher_request.hpp"
#include "samoyed/dispatcher/dispatcher.hpp"

// How a Dispatcher keeps images that wait, and sends them when a worker has room.
namespace samoyed::dispatcher {
namespace {

/// Estimates what an image costs before anyone has decoded it: 8192x8192 pixels take about a second
/// of processor time.
double estimated_cost_ms(const protocol::EncodedImage& image) {
  constexpr double least_ms = 10;
  constexpr double ms_per_pixel = 15e-6;
  // A file that doesn't tell its size is taken for one of 1 byte per pixel.
  return least_ms + ms_per_pixel * static_cast<double>(image.pixels().value_or(image.file_bytes()));
}

/// Sets a flag while it lives.
class Sending {
 public:
  explicit Sending(bool& flag) : flag_(flag) { flag_ = true; }
  ~Sending() { flag_ = false; }
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;

 private:
  bool& flag_;
};

}  // namespace

void Dispatcher::enqueue(Request& request) {
  const ClassifyRequest& wanted = request.wanted;
  request.ticket = queue_->push(wanted.client, estimated_cost_ms(*wanted.image));
  waiting_.emplace(request.ticket, &request);
  const auto now = Clock::now();
  // Nothing has changed for the others.
  if (queues_ && workers_.must_wait(wanted.model, now)) {
    look_later(now);
  } else {
    send_waiting();
  }
}

/// All workers were busy. The image is the next one of its client again.
void Dispatcher::put_back(Request& request) {
  request.sent_at.reset();
  queue_->put_back(request.ticket);
  waiting_.emplace(request.ticket, &request);
  send_waiting();
}

void Dispatcher::send_waiting() {
  // An attempt that ends at once calls this again. The loop below then goes on anyway.
  if (sending_) return;
  const Sending sending(sending_);
  auto now = Clock::now();
  while (Request* const request = take_waiting(now)) {
    request->sent_at = now;
    request->action = request->plan.start(now);
    perform(*request);
    request->results->wake();
    now = Clock::now();
  }
  look_later(now);
}

/// Takes the next image for which a worker has room out of the queue. Returns null if there is
/// none.
Dispatcher::Request* Dispatcher::take_waiting(Clock::time_point now) {
  if (waiting_.empty()) return nullptr;
  // Most images name the same model, and asking the list takes time.
  std::optional<std::pair<std::string_view, bool>> asked;
  const auto ready = [&](FairQueue::Ticket ticket) {
    if (!queues_) return true;
    const Request& request = *waiting_.at(ticket);
    const std::string_view model = request.wanted.model;
    const auto tried = request.plan.tried();
    if (!tried.empty()) return !workers_.must_wait(model, now, tried);
    if (!asked || asked->first != model) asked.emplace(model, !workers_.must_wait(model, now));
    return asked->second;
  };
  const auto ticket = queue_->pop(ready);
  return ticket ? waiting_.extract(*ticket).mapped() : nullptr;
}

/// Sees to it that images which wait are sent when a worker gets room because time has passed.
/// Everything else that makes room calls send_waiting.
void Dispatcher::look_later(Clock::time_point now) {
  const auto at = waiting_.empty() ? Clock::time_point::max() : workers_.room_changes_at(now);
  if (std::exchange(look_at_, at) == at) return;
  look_timer_.cancel();
  if (at == Clock::time_point::max()) return;
  look_timer_.expires_at(at);
  look_timer_.async_wait([this](std::error_code error) {
    if (error) return;
    look_at_ = Clock::time_point::max();
    send_waiting();
  });
}

/// Removes the request from the queue if it still waits there.
void Dispatcher::withdraw(const Request& request) {
  queue_->remove(request.ticket);
  waiting_.erase(request.ticket);
}

/// Charges the request's client with what its image cost.
void Dispatcher::charge(Request& request) {
  if (!request.sent_at) return;
  // Without measured times, half of the time at the worker is taken for waiting.
  double cost_ms = milliseconds_since(*request.sent_at) / 2;
  const auto& end = std::get<DispatchPlan::Finished>(request.action).end;
  if (const auto* recognition = std::get_if<protocol::Recognition>(&end)) {
    if (const auto& times = recognition->times) {
      cost_ms = times->decode_ms + times->resize_ms + times->forward_ms;
      const auto& sent = std::get<WorkerConnectionPool::SendResult>(request.result->end);
      workers_.record_times(request.attempts.at(request.result->number).worker.id, cost_ms,
                            sent.transfer_ms);
    }
  }
  queue_->finish(request.ticket, cost_ms);
}

}  // namespace samoyed::dispatcher
