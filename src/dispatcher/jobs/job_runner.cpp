#include "dispatcher/jobs/job_runner.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <system_error>
#include <utility>

#include <asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/dispatcher/recognized_row.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher {

JobRunner::JobRunner(asio::any_io_executor executor, JobStore& jobs, Classifier& classifier,
                     std::function<Surroundings()> surroundings, Options options, OnJobStep on_step)
    : executor_(executor),
      jobs_(jobs),
      classifier_(classifier),
      surroundings_(std::move(surroundings)),
      options_(options),
      on_step_(std::move(on_step)),
      changed_(executor),
      all_ended_(executor),
      last_progress_(Clock::now()) {
  jobs_.on_submitted([this] {
    nothing_due_before_ = Clock::time_point::min();
    if (jobs_.load().waiting == 1) last_progress_ = Clock::now();
    wake();
  });
  jobs_.on_cancelled([this](const std::string& id) {
    suspect_ends_.erase(id);
    const auto found = running_.find(id);
    if (found != running_.end()) found->second.emit(asio::cancellation_type::terminal);
  });
}

asio::awaitable<void> JobRunner::run() {
  while (!stopping_) {
    woken_ = false;
    try {
      co_await start_some();
      lookup_failed_ = false;
    } catch (const StorageError& error) {
      if (!std::exchange(lookup_failed_, true)) {
        spdlog::error("can't look for jobs: {}", error.what());
      }
      nothing_due_before_ = Clock::now() + options_.storage_pause;
    }
    if (woken_ || stopping_) continue;
    co_await changed_.wait_until(Clock::now() + options_.look_interval);
  }
}

std::size_t JobRunner::startable(Clock::time_point now) const {
  if (jobs_.load().waiting == 0 || now < nothing_due_before_) return 0;
  const auto around = surroundings_();
  return jobs_to_start(
      {.workers_in_rotation = around.workers_in_rotation,
       .interactive = around.interactive,
       .jobs_running = running_.size(),
       .running_bytes = running_bytes_,
       .idle = std::chrono::duration_cast<std::chrono::milliseconds>(now - last_progress_)});
}

asio::awaitable<void> JobRunner::start_some() {
  const auto now = Clock::now();
  const std::size_t count = startable(now);
  if (count == 0) co_return;
  ClaimedJobs claimed = co_await jobs_.claim(count, running_bytes_max - running_bytes_);
  if (claimed.jobs.size() < count) {
    const auto pause = claimed.next_due_ms.value_or(0) - io::wall_clock_ms();
    nothing_due_before_ = now + std::clamp(std::chrono::milliseconds(pause),
                                           std::chrono::milliseconds(0), options_.look_interval);
  }
  for (ClaimedJob& job : claimed.jobs) start(std::move(job));
}

void JobRunner::start(ClaimedJob job) {
  const std::string id = job.token.job_id;
  const std::uint64_t bytes = job.row.job.image_bytes;
  running_bytes_ += bytes;
  auto& signal = running_[id];
  last_progress_ = Clock::now();
  asio::co_spawn(executor_, carry_out(std::move(job), signal.slot()),
                 [this, id, bytes](std::exception_ptr failure) {
                   try {
                     if (failure) std::rethrow_exception(failure);
                   } catch (const std::exception& error) {
                     // The next start makes the job wait again.
                     spdlog::error("job {} can't go on until the dispatcher restarts: {}", id,
                                   error.what());
                   }
                   running_bytes_ -= bytes;
                   running_.erase(id);
                   last_progress_ = Clock::now();
                   if (running_.empty()) all_ended_.notify();
                   wake();
                 });
}

asio::awaitable<void> JobRunner::carry_out(ClaimedJob job, asio::cancellation_slot cancelled) {
  End end = co_await attempt(job, cancelled);
  co_await write_end(job, std::move(end));
}

asio::awaitable<JobRunner::End> JobRunner::attempt(const ClaimedJob& job,
                                                   asio::cancellation_slot cancelled) {
  const JobRow& row = job.row;
  std::shared_ptr<const protocol::EncodedImage> image;
  try {
    image = co_await jobs_.image(row.job.id);
  } catch (const std::system_error& error) {
    // The dispatcher may be out of file descriptors, or the disk may fail temporarily. The image is
    // not at fault.
    spdlog::error("can't read a job's image: {}", error.what());
    co_return JobVerdict{
        .reason = "no_resources",
        .detail = "The picture's file can't be read from the spool folder right now."};
  }
  if (!image) {
    co_return JobVerdict{.next = JobVerdict::Next::fail,
                         .reason = "image_lost",
                         .detail = "The picture's file is missing from the spool folder."};
  }
  Outcome outcome = Failure{.reason = FailureReason::cancelled, .refusal = {}};
  if (!stopping_) {
    ClassifyRequest request{.image = image,
                            .top = row.top,
                            .thumbnail_side = row.thumbnail_side,
                            .model = row.model,
                            .request_id = row.request_id,
                            .deadline = Clock::now() + options_.request_timeout,
                            .cancelled = cancelled};
    auto classified = classifier_.classify(std::move(request));
    outcome = co_await std::move(classified);
  }
  on_step_(JobStep::recognized);
  if (auto* answer = std::get_if<Answer>(&outcome)) co_return std::move(*answer);
  co_return judge_attempt(job, std::get<Failure>(outcome));
}

JobVerdict JobRunner::judge_attempt(const ClaimedJob& job, const Failure& failure) {
  if (!is_suspect(failure)) return judge(failure, 0);
  int& ends = suspect_ends_[job.token.job_id];
  ends = std::max(ends, job.suspect_ends) + 1;
  return judge(failure, ends);
}

/// Retries until the end is written, so that no result is lost if the disk is temporarily full or
/// the database can't be reached.
asio::awaitable<void> JobRunner::write_end(const ClaimedJob& job, End end) {
  bool logged = false;
  while (true) {
    const std::optional<std::string> problem = co_await try_write_end(job, end);
    if (!problem) co_return;
    if (!std::exchange(logged, true)) {
      spdlog::error("can't save the outcome of a job: {}", *problem);
    }
    if (stopping_) co_return;  // The next start makes the job wait again.
    co_await io::sleep_for(options_.storage_pause);
  }
}

/// Returns why the end can't be written now; std::nullopt if it was.
asio::awaitable<std::optional<std::string>> JobRunner::try_write_end(const ClaimedJob& job,
                                                                     const End& end) {
  try {
    bool written = false;
    if (const auto* answer = std::get_if<Answer>(&end)) {
      written = co_await finish_job(job, *answer);
    } else {
      written = co_await apply_verdict(job, std::get<JobVerdict>(end));
    }
    // If a cancel comes between an answer and its write, the job stays canceled and has no result.
    if (!written) spdlog::info("job {}: dropped the outcome of a stale attempt", job.token.job_id);
    co_return std::nullopt;
  } catch (const StorageError& error) {
    co_return std::string(error.what());
  }
}

/// Like `apply_verdict`, returns false if the claim is stale.
asio::awaitable<bool> JobRunner::finish_job(const ClaimedJob& job, const Answer& answer) {
  HistoryRow result = recognized_row(answer, job.row.job.image_bytes, io::wall_clock_ms());
  result.visitor = job.row.visitor;
  result.client = job.row.client;
  result.source = HistorySource::job;
  result.request_id = job.row.request_id;
  result.file_name = job.row.job.file_name;
  const bool written = co_await jobs_.finish(job.token, std::move(result));
  suspect_ends_.erase(job.token.job_id);
  co_return written;
}

asio::awaitable<bool> JobRunner::apply_verdict(const ClaimedJob& job, const JobVerdict& verdict) {
  const JobError error{.reason = verdict.reason, .detail = verdict.detail};
  const bool again = verdict.next == JobVerdict::Next::again;
  bool written = false;
  if (again) {
    const auto pause =
        verdict.counted ? retry_pause(job.row.job.attempts) : std::chrono::milliseconds(0);
    const JobRetry retry{
        .error = error, .pause = pause, .counted = verdict.counted, .suspect = verdict.suspect};
    written = co_await jobs_.put_back(job.token, retry);
  } else {
    written = co_await jobs_.fail(job.token, error);
  }
  if (!again || !written) suspect_ends_.erase(job.token.job_id);
  co_return written;
}

void JobRunner::wake() {
  woken_ = true;
  changed_.notify();
}

void JobRunner::stop() {
  stopping_ = true;
  for (auto& [id, signal] : running_) signal.emit(asio::cancellation_type::terminal);
  wake();
}

asio::awaitable<void> JobRunner::finish(Clock::time_point deadline) {
  while (!running_.empty() && Clock::now() < deadline) {
    co_await all_ended_.wait_until(deadline);
  }
}

}  // namespace samoyed::dispatcher
