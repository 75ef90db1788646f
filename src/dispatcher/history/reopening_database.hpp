#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "dispatcher/history/sqlite.hpp"

namespace samoyed::dispatcher {

/// A database connection that is closed when its file is damaged or no longer the one that was
/// opened, and opened again when that is possible.
///
/// Thread rule: one thread at a time. `problem` may be called from any thread.
class ReopeningDatabase {
 public:
  using Clock = std::chrono::steady_clock;
  /// Opens the database. Throws StorageError or std::system_error. A DiskError, a DamageError and a
  /// std::system_error may pass; another StorageError doesn't.
  using Open = std::function<Database()>;

  /// Opens the database. If that fails for a reason that may pass, it is tried again after `pause`,
  /// then after longer ones. Otherwise the exception leaves the constructor.
  ReopeningDatabase(Open open, std::chrono::milliseconds pause);
  /// For a database that is never opened again.
  explicit ReopeningDatabase(Database database);

  /// Returns the database if it can be used, after opening it if necessary and due; null otherwise.
  Database* get();

  /// Returns whether the path still names the file that is open, with its content.
  bool is_current() { return database_ && database_->is_current(); }

  /// Closes the database if the failure of a task says that its file must not be used any more.
  void close_if_unusable(const std::exception_ptr& failure);

  /// Why the database can't be used, in one sentence. Empty if it can.
  std::string problem() const;

 private:
  void open();
  void close(const std::string& why);
  void set_problem(const std::string& problem);

  const Open open_;
  const std::chrono::milliseconds pause_;
  std::optional<Database> database_;
  Clock::time_point open_at_;  ///< When opening is tried again.
  std::chrono::milliseconds next_pause_;
  mutable std::mutex mutex_;
  std::string problem_;  ///< Guarded by mutex_.
};

}  // namespace samoyed::dispatcher
