#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "dispatcher/jobs/job_recovery.hpp"
#include "dispatcher/jobs/job_runner.hpp"
#include "dispatcher/jobs/sqlite_job_store.hpp"
#include "samoyed/dispatcher/classifier.hpp"
#include "samoyed/io/event.hpp"
#include "support/storage_fixture.hpp"

namespace samoyed::test {

inline dispatcher::Answer answer(const std::string& label = "Samoyed") {
  dispatcher::Answer found;
  found.recognition.top = {{label, 258, 0.9}};
  found.recognition.width = 4;
  found.recognition.height = 3;
  found.worker = {"localhost", 8888};
  found.model = dispatcher::WorkerModel{"squeezenet1_1", true};
  found.elapsed_ms = 12;
  return found;
}

inline dispatcher::Outcome failure(dispatcher::FailureReason reason) {
  return dispatcher::Failure{.reason = reason, .refusal = {}};
}

/// Returns the outcomes that a test put in, one after the other, and then always `answer()`. With
/// `hold`, keeps every image until `let_go` or until it is canceled.
class ScriptedClassifier final : public dispatcher::Classifier {
 public:
  explicit ScriptedClassifier(asio::io_context& io) : gate_(io.get_executor()) {}

  asio::awaitable<dispatcher::Outcome> classify(dispatcher::ClassifyRequest request) override {
    ++asked;
    most_at_once = std::max(most_at_once, ++at_once);
    last_top = request.top;
    last_bytes = request.image->file_bytes();
    bool cancelled = false;
    if (request.cancelled.is_connected()) {
      request.cancelled.assign([&](asio::cancellation_type) {
        cancelled = true;
        gate_.notify();
      });
    }
    while (hold && !cancelled) co_await gate_.wait();
    if (request.cancelled.is_connected()) request.cancelled.clear();
    --at_once;
    if (cancelled) co_return failure(dispatcher::FailureReason::cancelled);
    if (outcomes.empty()) co_return answer();
    auto outcome = std::move(outcomes.front());
    outcomes.pop_front();
    co_return outcome;
  }

  void let_go() {
    hold = false;
    gate_.notify();
  }

  std::deque<dispatcher::Outcome> outcomes;
  bool hold = false;
  int asked = 0;
  int at_once = 0;
  int most_at_once = 0;
  std::optional<int> last_top;
  std::uint64_t last_bytes = 0;

 private:
  io::Event gate_;
};

/// Jobs in a folder, with everything that a dispatcher runs for them from its start to its end.
class JobsFixture {
 public:
  explicit JobsFixture(
      const std::filesystem::path& folder, dispatcher::JobsOptions options = {},
      dispatcher::OnJobStep on_step = [](dispatcher::JobStep) {})
      : spool(folder / "spool", on_step),
        writer(open(folder), dispatcher::DatabaseThread::Kind::writer, {}),
        reader(dispatcher::open_history_reader(folder / "history.sqlite"),
               dispatcher::DatabaseThread::Kind::reader, {}),
        jobs(io.get_executor(), writer, reader, spool, options, recovered, on_step),
        runner(
            io.get_executor(), jobs, classifier, [this] { return around; },
            {.look_interval = std::chrono::milliseconds(5)}, on_step) {}
  ~JobsFixture() {
    const Wait wait("the threads of jobs and database to end");
    jobs.join();
    writer.stop();
    reader.stop();
  }

  std::vector<std::string> submit(const std::vector<std::string>& images) {
    auto submitted = try_submit(images);
    return std::get<std::vector<std::string>>(std::move(submitted));
  }

  dispatcher::Submitted try_submit(const std::vector<std::string>& images) {
    std::vector<dispatcher::JobImage> all;
    for (const std::string& image : images) all.push_back({image + ".jpg", image});
    return try_submit_images(std::move(all));
  }

  dispatcher::Submitted try_submit_images(std::vector<dispatcher::JobImage> images) {
    dispatcher::JobRequest request;
    request.images = std::move(images);
    request.visitor = "me";
    request.client = client;
    request.request_id = "r-1";
    request.top = 3;
    return run_beside(jobs.submit(std::move(request)));
  }

  std::optional<dispatcher::Job> find(const std::string& id) { return run_beside(jobs.find(id)); }

  void start() {
    asio::co_spawn(io, runner.run(), [](std::exception_ptr) {});
  }

  /// Runs until the condition holds. The time limit only prevents hanging.
  bool run_until(const std::function<bool()>& condition) {
    const auto limit = std::chrono::steady_clock::now() + wait_max();
    while (!condition() && std::chrono::steady_clock::now() < limit) {
      io.restart();
      io.run_one_for(std::chrono::milliseconds(10));
    }
    return condition();
  }

  bool run_until_finished() {
    return run_until([this] { return jobs.load() == dispatcher::Jobs::Load{}; });
  }

  /// Runs a coroutine to its end, and everything else that is in progress in the meantime.
  template <typename Value>
  Value run_beside(asio::awaitable<Value> work) {
    std::optional<Value> value;
    bool ended = false;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr, Value found) {
      value = std::move(found);
      ended = true;
    });
    run_until([&] { return ended; });
    return std::move(value).value();
  }

  void stop() {
    jobs.stop();
    runner.stop();
    const auto limit = std::chrono::steady_clock::now() + wait_max();
    bool ended = false;
    asio::co_spawn(io, runner.finish(limit), [&](std::exception_ptr) { ended = true; });
    run_until([&] { return ended; });
  }

  std::size_t rows() {
    auto work = [](dispatcher::Database& database) {
      auto found = database.prepare("SELECT count(*) FROM recognition");
      found.step();
      return static_cast<std::size_t>(found.integer(0));
    };
    return run_beside(reader.run(work));
  }

  std::size_t files() const { return spool.ids().size() + spool.incomplete_ids().size(); }

  asio::io_context io{1};
  dispatcher::JobRunner::Surroundings around{.workers_in_rotation = 4, .interactive = 0};
  ScriptedClassifier classifier{io};
  std::string client = "::1";  ///< Who submits jobs.
  dispatcher::Spool spool;
  dispatcher::UnfinishedJobs recovered;
  dispatcher::DatabaseThread writer;
  dispatcher::DatabaseThread reader;
  dispatcher::SqliteJobStore jobs;
  dispatcher::JobRunner runner;

 private:
  dispatcher::Database open(const std::filesystem::path& folder) {
    auto database = dispatcher::open_history(folder / "history.sqlite");
    recovered = dispatcher::recover_jobs(database, spool, spool.incomplete_ids(),
                                         dispatcher::Orphans::set_aside);
    return database;
  }
};

}  // namespace samoyed::test
