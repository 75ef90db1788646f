#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "samoyed/dispatcher/history.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace samoyed::dispatcher {

class StatisticsChanges;

/// The file can't be read or written at the moment: the disk is full or failed, or another process
/// holds a lock. The same operation may succeed later.
class DiskError : public StorageError {
  using StorageError::StorageError;
};

/// The disk, or what this program may use of it, is full.
class DiskFullError : public DiskError {
  using DiskError::DiskError;
};

/// The file is damaged. It isn't written any more until somebody replaces it.
class DamageError : public StorageError {
  using StorageError::StorageError;
};

/// A prepared statement for one run. Bind the values in order, then step through the rows. The
/// Database keeps the statement for the next use of the same SQL.
///
///     auto rows = database.prepare("SELECT id, name FROM t WHERE id < ?").bind(7);
///     while (rows.step()) use(rows.integer(0), rows.text(1));
///
/// All members throw StorageError. Thread rule: the same as for its Database, which must outlive
/// the statement.
class Statement {
 public:
  ~Statement();
  Statement(Statement&&) = default;
  Statement& operator=(Statement&&) = delete;

  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  /// Copies the value. It is stored as text or, with `bind_bytes`, as a blob.
  Statement& bind(std::string_view text);
  Statement& bind_bytes(std::string_view bytes);
  Statement& bind_null();

  /// Returns true if there is a row to read, and false after the last one.
  bool step();
  /// Runs a statement that returns no rows.
  void run();

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Handle = std::unique_ptr<sqlite3_stmt, Finalize>;
  using Kept = std::unordered_map<std::string, Handle>;

  Statement(sqlite3* database, Handle handle, Kept& kept)
      : database_(database), handle_(std::move(handle)), kept_(&kept) {}
  void check(int result) const;

  sqlite3* database_;
  Handle handle_;
  Kept* kept_;
  int bound_ = 0;
};

/// A connection to an SQLite file. All members throw StorageError, which names the file.
///
/// Not thread-safe: use from one thread at a time.
class Database {
 public:
  enum class Mode { read_write, read_only };

  /// Creates an empty file if the file doesn't exist (`read_write` only).
  Database(const std::filesystem::path& path, Mode mode);

  /// Identifies a file: its device and inode. std::nullopt if there is none.
  using FileId = std::optional<std::pair<std::uint64_t, std::uint64_t>>;

  static FileId file_id(const std::filesystem::path& path);

  FileId file() const { return file_; }
  /// The file of the log (WAL), if `is_current` has seen it.
  FileId log() const { return log_; }

  /// Returns whether the path still names the file that was opened, and the file's log (WAL) too,
  /// and whether the file hasn't been emptied. If not, nothing that is written can be found again.
  bool is_current();

  /// Whether there is a file that is too small for any database. SQLite would begin a new one in
  /// it.
  static bool is_emptied(const std::filesystem::path& path);

  Statement prepare(const std::string& sql);
  /// Runs one or more statements that take no values and return no rows.
  void execute(const std::string& sql);

  /// The number of rows that the last INSERT, UPDATE or DELETE changed.
  std::uint64_t changes() const;
  std::int64_t last_insert_id() const;

  /// The size of the log (WAL) in bytes; 0 if there is none.
  std::uint64_t log_bytes() const;
  /// Copies the log into the database and empties it. Gives up if readers that need the log don't
  /// end within `wait`.
  void truncate_log(std::chrono::milliseconds wait);

  /// Where the transaction in progress collects its changes of the prepared statistics; null if it
  /// writes each at once. See StatisticsBatch.
  StatisticsChanges* statistics_batch() const { return statistics_batch_; }
  void set_statistics_batch(StatisticsChanges* batch) { statistics_batch_ = batch; }

  /// How long a statement waits for another process's lock on the file; the default is 5 s.
  void set_busy_timeout(std::chrono::milliseconds timeout);

  /// Statements that run past the deadline fail. std::nullopt: no deadline.
  void set_deadline(std::optional<std::chrono::steady_clock::time_point> deadline);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::filesystem::path path_;
  FileId file_;
  FileId log_;                ///< SQLite creates the log at the first use of the database.
  bool has_content_ = false;  ///< `is_current` has seen the file with content.
  /// Held by pointer, because SQLite stores its address and a Database can be moved.
  std::unique_ptr<std::chrono::steady_clock::time_point> deadline_;
  /// Held by pointer for the same reason. Holds one entry for each distinct SQL text of this
  /// program.
  std::unique_ptr<Statement::Kept> statements_ = std::make_unique<Statement::Kept>();
  StatisticsChanges* statistics_batch_ = nullptr;
};

}  // namespace samoyed::dispatcher
