#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dispatcher/libpq/errors.hpp"

struct pg_conn;
struct pg_result;

namespace samoyed::dispatcher::postgres {

/// How long a statement may take on the server.
inline constexpr std::chrono::milliseconds statement_timeout{10000};
/// How long a call may take, the way to the server included.
inline constexpr std::chrono::milliseconds call_timeout{12000};

/// The values of a statement: `$1`, `$2` and so on, in the order in which they are added.
class Params {
 public:
  Params& add(std::int64_t value);
  Params& add(double value);
  /// Adds a text. PostgreSQL's texts are UTF-8 without zero bytes, so U+FFFD replaces what isn't.
  Params& add(std::string_view text);
  Params& add(const char* text) { return add(std::string_view(text)); }
  Params& add(std::optional<int> value);
  Params& add_bytes(std::string_view bytes);
  Params& add_null();
  /// Adds an array of texts.
  Params& add_array(const std::vector<std::string>& texts);

 private:
  friend class Connection;
  struct Value {
    std::string bytes;
    bool null = false;
    bool binary = false;
  };
  std::vector<Value> values_;
};

/// The rows that a statement returned.
class Result {
 public:
  int rows() const;
  std::int64_t integer(int row, int column) const;
  double real(int row, int column) const;
  bool boolean(int row, int column) const;
  /// The column's text, or its bytes if the statement ran with `Format::binary`.
  std::string text(int row, int column) const;
  bool is_null(int row, int column) const;
  /// The number of rows that an INSERT, UPDATE or DELETE changed.
  std::uint64_t changed() const;

 private:
  friend class Connection;
  struct Clear {
    void operator()(pg_result* result) const;
  };
  explicit Result(pg_result* result) : result_(result) {}
  std::unique_ptr<pg_result, Clear> result_;
};

/// A connection to a server that accepts writes. Its members block, each for at most
/// `call_timeout`. They throw StorageError.
///
/// Not thread-safe: use from one thread at a time.
class Connection {
 public:
  enum class Format { text, binary };
  /// How long connecting to one of the URL's hosts may take.
  static constexpr std::chrono::seconds connect_timeout{5};

  /// Connects. libpq's files and variables complete the URL. Throws UnavailableError.
  explicit Connection(const std::string& url);

  /// Runs one statement. It is prepared at its first use.
  Result run(const std::string& sql, const Params& params = {}, Format format = Format::text);
  /// Runs one or more statements that take no values and whose rows aren't needed.
  void execute(const std::string& sql);

  /// Throws ConnectionLostError if the server doesn't answer within `timeout`.
  void check(std::chrono::milliseconds timeout);

  /// Returns false if the connection is lost. Notices also that the server has closed it.
  bool is_alive();

  /// Waits until the server notifies this connection (LISTEN) or `wake` can be read. Returns
  /// whether it was notified. Throws ConnectionLostError.
  bool wait_for_notification(std::chrono::milliseconds timeout, int wake);

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  using Clock = std::chrono::steady_clock;

  const std::string& prepare(const std::string& sql);
  void send(const std::string& sql);
  Result await_result(Clock::time_point deadline);
  void await_socket(Clock::time_point deadline, bool write);
  bool take_notifications();
  [[noreturn]] void lose(const std::string& why);

  std::unique_ptr<pg_conn, Finish> connection_;
  std::unordered_map<std::string, std::string> prepared_;  ///< Statements' names by their SQL.
  bool lost_ = false;
};

/// A transaction. It is rolled back unless `commit` was called. Its members throw StorageError.
class Transaction {
 public:
  explicit Transaction(Connection& connection);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// If it throws ConnectionLostError, the transaction may have been committed.
  void commit();

 private:
  Connection& connection_;
  bool open_ = true;
};

}  // namespace samoyed::dispatcher::postgres
