#include "dispatcher/postgres/row_writer.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/postgres/recognition_rows.hpp"
#include "samoyed/io/random.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

/// The most rows in one transaction.
constexpr std::size_t group_rows_max = 500;
/// The shortest pause before rows that couldn't be written are tried again.
constexpr std::chrono::milliseconds write_pause{1000};

void set_mark(Connection& connection, const std::string& dispatcher, const std::string& mark) {
  connection.run(
      "INSERT INTO writer_mark (dispatcher, mark) VALUES ($1, $2)"
      " ON CONFLICT (dispatcher) DO UPDATE SET mark = excluded.mark",
      Params().add(dispatcher).add(mark));
}

bool has_mark(Connection& connection, const std::string& dispatcher, const std::string& mark) {
  return connection
             .run("SELECT 1 FROM writer_mark WHERE dispatcher = $1 AND mark = $2",
                  Params().add(dispatcher).add(mark))
             .rows() > 0;
}

}  // namespace

RowWriter::RowWriter(Reconnecting::Open open, std::string dispatcher, Limits limits)
    : dispatcher_(std::move(dispatcher)),
      limits_(limits),
      connection_(std::move(open)),
      thread_([this] { loop(); }) {}

RowWriter::~RowWriter() { stop(); }

bool RowWriter::post(HistoryRow row) {
  const std::size_t bytes = held_bytes(row);
  return post(Task{.row = std::move(row), .run = {}, .done = {}, .bytes = bytes});
}

bool RowWriter::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    // Awaited tasks are few: a client waits for each.
    const bool full =
        task.row && (tasks_ >= limits_.tasks_max || task.bytes > limits_.bytes_max - bytes_);
    if (stopping_ || full) return false;
    ++tasks_;
    bytes_ += task.bytes;
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void RowWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string RowWriter::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void RowWriter::set_problem(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  if (!problem.empty() && problem_.empty()) spdlog::error("can't write the history: {}", problem);
  if (problem.empty() && !problem_.empty()) spdlog::info("the history can be written again");
  problem_ = problem;
}

/// Takes the rows before the next awaited task. The mutex must be locked.
RowWriter::Rows RowWriter::take_rows() {
  Rows rows;
  while (!waiting_.empty() && waiting_.front().row && rows.size() < group_rows_max) {
    rows.push_back(std::move(*waiting_.front().row));
    waiting_.pop_front();
  }
  return rows;
}

void RowWriter::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const Rows rows = take_rows();
    std::size_t bytes = 0;
    for (const HistoryRow& row : rows) bytes += held_bytes(row);
    if (rows.empty()) {
      const Task task = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      run_task(task);
    } else {
      lock.unlock();
      write(rows);
    }
    lock.lock();
    tasks_ -= std::max<std::size_t>(rows.size(), 1);
    bytes_ -= bytes;
  }
}

void RowWriter::run_task(const Task& task) {
  std::exception_ptr failure;
  try {
    task.run(connection_.get());
  } catch (...) {
    failure = std::current_exception();
  }
  task.done(failure);
}

/// Tries until the rows are written, once more after the stop.
void RowWriter::write(const Rows& rows) {
  const std::string mark = io::random_hex(io::id_bytes);
  bool in_doubt = false;
  bool last = false;
  while (true) {
    try {
      in_doubt = !try_write(rows, mark, in_doubt);
      if (!in_doubt) break;
      continue;
    } catch (const UnavailableError& error) {
      set_problem(error.what());
      refuse_awaited(std::current_exception());
    } catch (const StorageError& error) {
      if (rows.size() > 1) return write_alone(rows);
      spdlog::error("can't write a row of the history: {}", error.what());
      ++lost_;
      return;
    }
    if (last) {
      lost_ += rows.size();
      return;
    }
    std::unique_lock lock(mutex_);
    const auto again = std::max(connection_.due(), Backoff::Clock::now() + write_pause);
    last = changed_.wait_until(lock, again, [this] { return stopping_; });
  }
  set_problem({});
}

void RowWriter::write_alone(const Rows& rows) {
  for (const HistoryRow& row : rows) write({row});
}

/// Returns false if it isn't known whether the rows were written.
bool RowWriter::try_write(const Rows& rows, const std::string& mark, bool in_doubt) {
  Connection& connection = connection_.get();
  if (in_doubt && has_mark(connection, dispatcher_, mark)) return true;
  Transaction transaction(connection);
  for (const HistoryRow& row : rows) insert_row(connection, row);
  set_mark(connection, dispatcher_, mark);
  try {
    transaction.commit();
  } catch (const ConnectionLostError&) {
    return false;
  }
  return true;
}

/// Fails the tasks that somebody awaits: they would wait for as long as the rows.
void RowWriter::refuse_awaited(const std::exception_ptr& failure) {
  std::vector<Task> refused;
  {
    const std::lock_guard lock(mutex_);
    const auto rest = std::stable_partition(waiting_.begin(), waiting_.end(),
                                            [](const Task& task) { return task.row.has_value(); });
    std::move(rest, waiting_.end(), std::back_inserter(refused));
    waiting_.erase(rest, waiting_.end());
    tasks_ -= refused.size();
  }
  for (const Task& task : refused) task.done(failure);
}

}  // namespace samoyed::dispatcher::postgres
