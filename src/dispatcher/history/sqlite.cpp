#include "dispatcher/history/sqlite.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <system_error>

namespace samoyed::dispatcher {
namespace {

/// How long a statement waits at most while another process, such as a backup, locks the file.
constexpr std::chrono::milliseconds busy_timeout{5000};
/// The number of SQLite virtual machine instructions between two checks of the clock: about 0.1 ms.
constexpr int deadline_instructions = 10000;
/// The smallest page of SQLite. A file has at least one.
constexpr std::uintmax_t page_bytes_min = 512;

[[noreturn]] void fail(int code, const std::string& what) {
  switch (code & 0xff) {  // The primary code, without the extended bits.
    case SQLITE_FULL:
      throw DiskFullError(what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw DamageError(what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      throw DiskError(what);
    default:
      throw StorageError(what);
  }
}

[[noreturn]] void fail(sqlite3* database) {
  const char* file = sqlite3_db_filename(database, "main");
  fail(sqlite3_errcode(database),
       std::string(file ? file : "SQLite") + ": " + sqlite3_errmsg(database));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::~Statement() {
  if (!handle_) return;
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
  std::string sql = sqlite3_sql(handle_.get());
  kept_->try_emplace(std::move(sql), std::move(handle_));
}

void Statement::check(int result) const {
  if (result != SQLITE_OK) fail(database_);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(handle_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(double value) {
  check(sqlite3_bind_double(handle_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // A null pointer would bind NULL.
  check(sqlite3_bind_text64(handle_.get(), ++bound_, text.empty() ? "" : text.data(), text.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_bytes(std::string_view bytes) {
  check(sqlite3_bind_blob64(handle_.get(), ++bound_, bytes.empty() ? "" : bytes.data(),
                            bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind_null() {
  check(sqlite3_bind_null(handle_.get(), ++bound_));
  return *this;
}

bool Statement::step() {
  const int result = sqlite3_step(handle_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) fail(database_);
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(handle_.get(), column); }

std::string Statement::text(int column) const {
  // SQLite returns the bytes of a blob unchanged, so this reads texts and blobs.
  const void* bytes = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  if (!bytes) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Database::Database(const std::filesystem::path& path, Mode mode)
    : path_(path), deadline_(std::make_unique<std::chrono::steady_clock::time_point>()) {
  sqlite3* database = nullptr;
  const int flags =
      mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int result = sqlite3_open_v2(path.c_str(), &database, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(database);
  if (result != SQLITE_OK) {
    fail(result,
         path.string() + ": " + (database ? sqlite3_errmsg(database) : sqlite3_errstr(result)));
  }
  file_ = file_id(path_);
  sqlite3_extended_result_codes(database, 1);
  set_busy_timeout(busy_timeout);
  // A file from elsewhere must not run code of its own, and damage is detected while reading.
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  execute("PRAGMA cell_size_check = ON");
}

void Database::set_busy_timeout(std::chrono::milliseconds timeout) {
  sqlite3_busy_timeout(database_.get(), static_cast<int>(timeout.count()));
}

std::uint64_t Database::log_bytes() const {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(path_.string() + "-wal", missing);
  return missing ? 0 : bytes;
}

void Database::truncate_log(std::chrono::milliseconds wait) {
  set_busy_timeout(wait);
  // Reports in a row, which nobody needs, whether it gave up.
  const auto pragma = "PRAGMA wal_checkpoint(TRUNCATE)";
  const int result = sqlite3_exec(database_.get(), pragma, nullptr, nullptr, nullptr);
  set_busy_timeout(busy_timeout);
  if (result != SQLITE_OK) fail(database_.get());
}

Database::FileId Database::file_id(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return std::pair<std::uint64_t, std::uint64_t>(status.st_dev, status.st_ino);
}

bool Database::is_emptied(const std::filesystem::path& path) {
  std::error_code missing;
  const std::uintmax_t bytes = std::filesystem::file_size(path, missing);
  return !missing && bytes < page_bytes_min;
}

bool Database::is_current() {
  const FileId log = file_id(path_.string() + "-wal");
  if (!log_) log_ = log;
  const bool emptied = is_emptied(path_);
  has_content_ = has_content_ || !emptied;
  if (file_ && file_id(path_) == file_ && log == log_ && !(has_content_ && emptied)) return true;
  // SQLite would remove the log of the file that is there now.
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return false;
}

Statement Database::prepare(const std::string& sql) {
  if (auto kept = statements_->extract(sql)) {
    return {database_.get(), std::move(kept.mapped()), *statements_};
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    fail(database_.get());
  }
  return {database_.get(), Statement::Handle(statement), *statements_};
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail(database_.get());
  }
}

std::uint64_t Database::changes() const {
  return static_cast<std::uint64_t>(sqlite3_changes64(database_.get()));
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(database_.get()); }

void Database::set_deadline(std::optional<std::chrono::steady_clock::time_point> deadline) {
  if (!deadline) {
    sqlite3_progress_handler(database_.get(), 0, nullptr, nullptr);
    return;
  }
  *deadline_ = *deadline;
  sqlite3_progress_handler(
      database_.get(), deadline_instructions,
      [](void* time) {
        const auto& end = *static_cast<const std::chrono::steady_clock::time_point*>(time);
        return std::chrono::steady_clock::now() > end ? 1 : 0;
      },
      deadline_.get());
}

}  // namespace samoyed::dispatcher
