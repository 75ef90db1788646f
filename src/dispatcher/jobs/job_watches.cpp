#include "dispatcher/jobs/job_watches.hpp"

#include <utility>

#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

class JobWatches::Watch final : public JobWatch {
 public:
  Watch(JobWatches& watches, std::string id)
      : watches_(watches), id_(std::move(id)), changed_(watches.executor_) {
    place_ = watches_.watches_.emplace(id_, this);
    if (watches_.stopping_) end();
  }
  ~Watch() override { watches_.watches_.erase(place_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  asio::awaitable<std::optional<Job>> next(std::chrono::steady_clock::time_point until) override {
    while (!ended_ && (dirty_ || std::chrono::steady_clock::now() < until)) {
      if (std::exchange(dirty_, false)) {
        auto job = co_await watches_.find_(id_);
        if (!job || job->state >= JobState::done) ended_ = true;
        if (job != given_) {
          given_ = job;
          co_return job;
        }
      } else {
        co_await changed_.wait_until(until);
      }
    }
    co_return std::nullopt;
  }
  bool ended() const override { return ended_; }

  void notify() {
    dirty_ = true;
    changed_.notify();
  }
  void end() {
    ended_ = true;
    changed_.notify();
  }

 private:
  JobWatches& watches_;
  const std::string id_;
  io::Event changed_;
  std::multimap<std::string, Watch*>::iterator place_;
  std::optional<Job> given_;
  bool dirty_ = true;
  bool ended_ = false;
};

JobWatches::JobWatches(asio::any_io_executor executor, std::size_t watches_max, Find find)
    : executor_(std::move(executor)), watches_max_(watches_max), find_(std::move(find)) {}

std::unique_ptr<JobWatch> JobWatches::add(std::string id) {
  if (watches_.size() >= watches_max_) return nullptr;
  return std::make_unique<Watch>(*this, std::move(id));
}

void JobWatches::notify(const std::string& id) {
  const auto [begin, end] = watches_.equal_range(id);
  for (auto watch = begin; watch != end; ++watch) watch->second->notify();
}

void JobWatches::stop() {
  stopping_ = true;
  for (const auto& [id, watch] : watches_) watch->end();
}

std::vector<std::string> JobWatches::ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, watch] : watches_) {
    if (ids.empty() || ids.back() != id) ids.push_back(id);
  }
  return ids;
}

}  // namespace samoyed::dispatcher
