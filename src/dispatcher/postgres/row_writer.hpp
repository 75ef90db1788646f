#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#include "dispatcher/history/database_thread.hpp"
#include "dispatcher/libpq/reconnecting.hpp"
#include "samoyed/dispatcher/history_row.hpp"

namespace samoyed::dispatcher::postgres {

/// What `confirm_adoption` of a history records: the visitor got the id that has adopted `former`.
struct ConfirmedAdoption {
  std::string former;
};

/// Writes the rows of the history and confirmed adoptions, in the order in which they were recorded
/// and each once. All that wait are written in one transaction. While the database can't be
/// reached, they wait in memory.
///
/// Each transaction carries a random mark. If the connection is lost during a COMMIT, the mark
/// tells later whether it was done.
///
/// Thread rule: every member may be called from any thread.
class RowWriter {
 public:
  struct Limits {
    std::size_t tasks_max = 20000;
    std::size_t bytes_max = std::size_t{64} << 20;
  };

  /// `dispatcher` is the id under which the mark is kept.
  RowWriter(Reconnecting::Open open, std::string dispatcher, Limits limits);
  RowWriter(Reconnecting::Open open, std::string dispatcher)
      : RowWriter(std::move(open), std::move(dispatcher), Limits()) {}
  /// Calls `stop`.
  ~RowWriter();

  /// Returns false if too much is waiting, or after `stop`.
  bool post(HistoryRow row);
  bool post(ConfirmedAdoption confirmed);

  /// Runs `work(Connection&)` after the rows that were posted before. Returns its result on the
  /// awaiting coroutine's executor, or throws its exception. Throws UnavailableError if those rows
  /// can't be written now.
  template <typename Work>
  asio::awaitable<std::invoke_result_t<Work&, Connection&>> run(Work work);

  /// Writes the waiting rows, if the database can be reached, then ends the thread.
  void stop();

  /// Why rows can't be written now, in one sentence; empty if they can.
  std::string problem() const;
  /// The number of rows and confirmed adoptions that were accepted but never written.
  std::uint64_t lost() const { return lost_; }

  ConnectionUse use() const { return connection_.use(); }

 private:
  using Record = std::variant<HistoryRow, ConfirmedAdoption>;
  using Records = std::vector<Record>;
  /// Either something to write or something to run.
  struct Task {
    std::optional<Record> record;
    std::function<void(Connection&)> run;
    std::function<void(std::exception_ptr)> done;
    std::size_t bytes = 0;
  };
  bool post(Task task);
  void loop();
  Records take_records(std::size_t& bytes);
  void run_task(const Task& task);
  void write(const Records& records);
  void write_alone(const Records& records);
  void try_write(const Records& records, const std::string& mark);
  void refuse_awaited(const std::exception_ptr& failure);
  void set_problem(const std::string& problem);

  const std::string dispatcher_;
  const Limits limits_;
  Reconnecting connection_;  ///< The thread's.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::deque<Task> waiting_;
  std::size_t bytes_ = 0;  ///< Of the waiting tasks and the records that are being written.
  std::size_t tasks_ = 0;  ///< Number of both.
  bool stopping_ = false;
  std::string problem_;

  std::atomic<std::uint64_t> lost_ = 0;
  std::thread thread_;
};

template <typename Work>
asio::awaitable<std::invoke_result_t<Work&, Connection&>> RowWriter::run(Work work) {
  using Value = std::invoke_result_t<Work&, Connection&>;
  auto value = std::make_shared<std::optional<Value>>();
  auto initiate = [this, work, value](auto handler) {
    Task task{.record = std::nullopt,
              .run = [work, value](Connection& connection) mutable { *value = work(connection); },
              .done = dispatcher::detail::completion(std::move(handler))};
    auto done = task.done;
    if (!post(std::move(task))) {
      done(std::make_exception_ptr(UnavailableError("too many rows are waiting for the database")));
    }
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::exception_ptr)>(
      std::move(initiate), asio::use_awaitable);
  co_return std::move(**value);
}

}  // namespace samoyed::dispatcher::postgres
