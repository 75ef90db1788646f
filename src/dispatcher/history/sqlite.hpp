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

/// The file can't be written or read now: the disk is full, failed, or another process holds it. The same may
/// succeed later.
class DiskError : public StorageError {
  using StorageError::StorageError;
};

/// A prepared statement, used for one run: values are bound in order, rows are stepped through. Its Database
/// keeps it for the next who asks for the same SQL.
///
///     auto rows = database.prepare("SELECT id, name FROM t WHERE id < ?").bind(7);
///     while (rows.step()) use(rows.integer(0), rows.text(1));
///
/// All members throw StorageError. Thread rule: that of its Database, which it must not outlive.
class Statement {
 public:
  ~Statement();
  Statement(Statement&&) = default;
  Statement& operator=(Statement&&) = delete;

  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  /// Copied; kept as text or, with `bind_bytes`, as a blob.
  Statement& bind(std::string_view text);
  Statement& bind_bytes(std::string_view bytes);
  Statement& bind_null();

  /// True with a row to read; false after the last.
  bool step();
  /// To the end, for what gives no rows.
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
/// Thread rule: one thread at a time.
class Database {
 public:
  enum class Mode { read_write, read_only };

  /// Creates an empty file where there is none (`read_write` only).
  Database(const std::filesystem::path& path, Mode mode);

  Statement prepare(const std::string& sql);
  /// One statement or several, without values and rows.
  void execute(const std::string& sql);

  /// Rows that the last INSERT, UPDATE or DELETE changed.
  std::uint64_t changes() const;
  std::int64_t last_insert_id() const;

  /// How long a statement waits for another process that locks the file: 5 s unless it is set.
  void set_busy_timeout(std::chrono::milliseconds timeout);

  /// Statements that run beyond it fail; nothing: none does.
  void set_deadline(std::optional<std::chrono::steady_clock::time_point> deadline);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
  /// Behind a pointer, since SQLite keeps its address and a Database moves.
  std::unique_ptr<std::chrono::steady_clock::time_point> deadline_;
  /// Behind a pointer likewise. As many as this program has different statements.
  std::unique_ptr<Statement::Kept> statements_ = std::make_unique<Statement::Kept>();
};

}  // namespace samoyed::dispatcher
