#include "dispatcher/postgres/row_writer.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/postgres/adoption_rows.hpp"
#include "dispatcher/postgres/recognition_rows.hpp"
#include "samoyed/io/random.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

/// The most records in one transaction.
constexpr std::size_t group_records_max = 500;
/// The shortest pause before records that couldn't be written are tried again.
constexpr std::chrono::milliseconds write_pause{1000};

/// Returns false if the mark was there already, so its transaction was committed. Waits for that
/// transaction if the server is still committing it.
bool set_mark(Connection& connection, const std::string& dispatcher, const std::string& mark) {
  return connection
             .run(
                 "INSERT INTO writer_mark (dispatcher, mark) VALUES ($1, $2) ON CONFLICT "
                 "(dispatcher)"
                 " DO UPDATE SET mark = excluded.mark WHERE writer_mark.mark <> excluded.mark",
                 Params().add(dispatcher).add(mark))
             .changed() > 0;
}

void write_record(Connection& connection, const HistoryRow& row) { insert_row(connection, row); }

void write_record(Connection& connection, const ConfirmedAdoption& confirmed) {
  give_adoption(connection, confirmed.former);
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
  return post(Task{.record = std::move(row), .run = {}, .done = {}, .bytes = bytes});
}

bool RowWriter::post(ConfirmedAdoption confirmed) {
  const std::size_t bytes = confirmed.former.size();
  return post(Task{.record = std::move(confirmed), .run = {}, .done = {}, .bytes = bytes});
}

bool RowWriter::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    // Awaited tasks are few: a client waits for each.
    const bool full =
        task.record && (tasks_ >= limits_.tasks_max || task.bytes > limits_.bytes_max - bytes_);
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

/// Takes the records before the next awaited task, and adds their size to `bytes`. The mutex must
/// be locked.
RowWriter::Records RowWriter::take_records(std::size_t& bytes) {
  Records records;
  while (!waiting_.empty() && waiting_.front().record && records.size() < group_records_max) {
    records.push_back(std::move(*waiting_.front().record));
    bytes += waiting_.front().bytes;
    waiting_.pop_front();
  }
  return records;
}

void RowWriter::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::size_t bytes = 0;
    const Records records = take_records(bytes);
    if (records.empty()) {
      const Task task = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      run_task(task);
    } else {
      lock.unlock();
      write(records);
    }
    lock.lock();
    tasks_ -= std::max<std::size_t>(records.size(), 1);
    bytes_ -= bytes;
  }
}

void RowWriter::run_task(const Task& task) {
  std::exception_ptr failure;
  try {
    connection_.call(task.run);
  } catch (...) {
    failure = std::current_exception();
  }
  task.done(failure);
}

/// Tries until the records are written, once more after the stop.
void RowWriter::write(const Records& records) {
  const std::string mark = io::random_hex(io::id_bytes);
  bool last = false;
  while (true) {
    try {
      try_write(records, mark);
      break;
    } catch (const UnavailableError& error) {
      set_problem(error.what());
      refuse_awaited(std::current_exception());
    } catch (const StorageError& error) {
      if (records.size() > 1) return write_alone(records);
      spdlog::error("can't write a row of the history: {}", error.what());
      ++lost_;
      return;
    }
    if (last) {
      lost_ += records.size();
      return;
    }
    std::unique_lock lock(mutex_);
    const auto again = std::max(connection_.due(), Backoff::Clock::now() + write_pause);
    last = changed_.wait_until(lock, again, [this] { return stopping_; });
  }
  set_problem({});
}

void RowWriter::write_alone(const Records& records) {
  for (const Record& record : records) write({record});
}

/// If it throws ConnectionLostError, the records may have been written. Then the next call with the
/// same mark finds out.
void RowWriter::try_write(const Records& records, const std::string& mark) {
  connection_.call([&](Connection& connection) {
    Transaction transaction(connection);
    if (!set_mark(connection, dispatcher_, mark)) return;
    for (const Record& record : records) {
      std::visit([&](const auto& one) { write_record(connection, one); }, record);
    }
    transaction.commit();
  });
}

/// Fails the tasks that somebody awaits: they would wait for as long as the records.
void RowWriter::refuse_awaited(const std::exception_ptr& failure) {
  std::vector<Task> refused;
  {
    const std::lock_guard lock(mutex_);
    const auto rest = std::stable_partition(
        waiting_.begin(), waiting_.end(), [](const Task& task) { return task.record.has_value(); });
    std::move(rest, waiting_.end(), std::back_inserter(refused));
    waiting_.erase(rest, waiting_.end());
    tasks_ -= refused.size();
  }
  for (const Task& task : refused) task.done(failure);
}

}  // namespace samoyed::dispatcher::postgres
