#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <sys/types.h>

#include "dispatcher/libpq/connection.hpp"
#include "support/temporary_folder.hpp"

namespace samoyed::test {

/// A server of PostgreSQL in a temporary folder, which it shares with nobody: it listens on a
/// socket in that folder only. It runs as an unprivileged user, because it refuses to run as root.
class PostgresServer {
 public:
  /// Returns the server that all test cases share, or null if its programs aren't installed.
  static PostgresServer* shared();

  /// Creates the server's files, and starts it.
  explicit PostgresServer(std::filesystem::path programs);
  ~PostgresServer();

  /// Creates an empty database. Returns its URL.
  std::string create_database();
  std::string url(const std::string& database) const;

  void start();
  /// Ends it without writing anything, as a crash does.
  void stop_at_once();

 private:
  std::string as_user(const std::string& command) const;

  const std::filesystem::path programs_;
  TemporaryFolder folder_;
  pid_t process_ = 0;
  int databases_ = 0;
};

/// Connects to a new database with the tables. Returns null, and says why, if PostgreSQL isn't
/// installed.
std::unique_ptr<dispatcher::postgres::Connection> make_tables();

}  // namespace samoyed::test
