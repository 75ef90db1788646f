#include "worker/serving/recognition_queue.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include <spdlog/spdlog.h>

namespace samoyed::worker {
namespace {

using Clock = std::chrono::steady_clock;

/// Returns the recognizer's result. The recognizer promises not to throw; if it does, the bug is in
/// this worker, and only this image fails.
protocol::Result recognize(Recognizer& recognizer, const std::vector<std::byte>& image_file,
                           const RecognitionOptions& options) {
  try {
    return recognizer.recognize(image_file, options);
  } catch (const std::exception& error) {
    spdlog::error("the recognizer failed: {}", error.what());
    return protocol::Refusal{protocol::RefusalReason::internal, "The worker failed on this image."};
  }
}

}  // namespace

RecognitionQueue::RecognitionQueue(Recognizer& recognizer, Limits limits,
                                   std::function<void()> on_idle)
    : recognizer_(recognizer), limits_(limits), on_idle_(std::move(on_idle)) {
  for (std::size_t i = 0; i < limits_.threads; ++i) threads_.emplace_back([this] { run(); });
}

RecognitionQueue::~RecognitionQueue() { stop(); }

void RecognitionQueue::stop() {
  Jobs dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(jobs_);
  }
  changed_.notify_all();
}

std::optional<RecognitionQueue::Ticket> RecognitionQueue::submit(std::vector<std::byte> image_file,
                                                                 const RecognitionOptions& options,
                                                                 Done done) {
  const std::size_t image_bytes = image_file.size();
  Jobs single;
  single.emplace(0, Job{std::move(image_file), options, std::move(done), Clock::now()});
  Jobs::node_type job = single.extract(single.begin());
  Ticket ticket;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || full_locked(image_bytes)) return std::nullopt;
    queued_bytes_ += image_bytes;
    ticket = ++last_ticket_;
    job.key() = ticket;
    jobs_.insert(jobs_.end(), std::move(job));
  }
  changed_.notify_one();
  return ticket;
}

bool RecognitionQueue::withdraw(Ticket ticket) {
  Jobs::node_type withdrawn;
  const std::lock_guard lock(mutex_);
  const auto job = jobs_.find(ticket);
  if (job == jobs_.end()) return false;
  queued_bytes_ -= job->second.image_file.size();
  withdrawn = jobs_.extract(job);
  return true;
}

RecognitionQueue::Load RecognitionQueue::load() const {
  const std::lock_guard lock(mutex_);
  return {jobs_.size(), queued_bytes_, recognizing_};
}

bool RecognitionQueue::full(std::size_t image_bytes) const {
  const std::lock_guard lock(mutex_);
  return full_locked(image_bytes);
}

/// An image that exceeds the byte limit by itself is still queued if no other image waits: the
/// worker accepted its size, so it must be able to recognize it.
bool RecognitionQueue::full_locked(std::size_t image_bytes) const {
  return jobs_.size() >= limits_.queued_max ||
         (!jobs_.empty() && queued_bytes_ + image_bytes > limits_.queued_bytes_max);
}

/// Returns, with the lock held, when there is a job or the queue is stopped.
void RecognitionQueue::wait_for_job(std::unique_lock<std::mutex>& lock) {
  const auto woken = [this] { return stopped_ || !jobs_.empty(); };
  if (changed_.wait_for(lock, limits_.idle_after, woken)) return;
  lock.unlock();
  on_idle_();
  lock.lock();
  changed_.wait(lock, woken);
}

void RecognitionQueue::run() {
  while (true) {
    std::unique_lock lock(mutex_);
    wait_for_job(lock);
    if (stopped_) return;
    const Jobs::node_type taken = jobs_.extract(jobs_.begin());
    const Job& job = taken.mapped();
    queued_bytes_ -= job.image_file.size();
    ++recognizing_;
    lock.unlock();

    const std::chrono::duration<double, std::milli> queued = Clock::now() - job.queued_at;
    protocol::Result result = recognize(recognizer_, job.image_file, job.options);
    if (auto* recognition = std::get_if<protocol::Recognition>(&result); recognition) {
      if (recognition->times) recognition->times->queue_ms = queued.count();
    }
    lock.lock();
    --recognizing_;
    lock.unlock();
    job.done(std::move(result));
  }
}

}  // namespace samoyed::worker
