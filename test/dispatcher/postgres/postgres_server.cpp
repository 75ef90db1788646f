#include "dispatcher/postgres/postgres_server.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <libpq-fe.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "dispatcher/postgres/migrations.hpp"
#include "dispatcher/postgres/open_postgres.hpp"
#include "support/store_factory.hpp"
#include "support/wait.hpp"

namespace samoyed::test {
namespace {

/// `nobody`, who owns the files if the tests run as root.
constexpr int unprivileged_id = 65534;

/// The folder of the newest server's programs, installed or unpacked by scripts/setup; empty if
/// there is none.
std::filesystem::path find_programs() {
  std::filesystem::path newest;
  std::error_code missing;
  for (const char* const folder :
       {"/usr/lib/postgresql", SAMOYED_SOURCE_DIR "/build/deps/postgresql/usr/lib/postgresql"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder, missing)) {
      const auto programs = entry.path() / "bin";
      if (std::filesystem::exists(programs / "postgres") && programs > newest) newest = programs;
    }
    if (!newest.empty()) break;
  }
  return newest;
}

void must_succeed(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

class PostgresStores final : public StoreFactory {
 public:
  explicit PostgresStores(PostgresServer& server) : url_(server.create_database()) {}

  std::unique_ptr<dispatcher::Storage> open(asio::io_context& io,
                                            dispatcher::StorageOptions options) override {
    options.url = url_;
    return dispatcher::postgres::open_postgres(io.get_executor(), options);
  }

 private:
  const std::string url_;
};

}  // namespace

std::unique_ptr<StoreFactory> make_store_factory() {
  PostgresServer* const server = PostgresServer::shared();
  if (!server) return nullptr;
  return std::make_unique<PostgresStores>(*server);
}

PostgresServer* PostgresServer::shared() {
  static const std::filesystem::path programs = find_programs();
  static const auto server =
      programs.empty() ? nullptr : std::make_unique<PostgresServer>(programs);
  return server.get();
}

PostgresServer::PostgresServer(std::filesystem::path programs) : programs_(std::move(programs)) {
  if (geteuid() == 0 && chown(folder_.path().c_str(), unprivileged_id, unprivileged_id) != 0) {
    throw std::runtime_error("can't give away " + folder_.path().string());
  }
  must_succeed(as_user((programs_ / "initdb").string() + " -D " + folder_.path().string() +
                       "/data -U samoyed -A trust -E UTF8 --locale=C.UTF-8 -N >/dev/null"));
  start();
}

PostgresServer::~PostgresServer() {
  if (process_ != 0) stop_at_once();
}

/// The command, in the folder and as the unprivileged user if this is root.
std::string PostgresServer::as_user(const std::string& command) const {
  const std::string id = std::to_string(unprivileged_id);
  const std::string user = geteuid() == 0 ? "setpriv --reuid=" + id + " --regid=" + id +
                                                " --clear-groups --pdeathsig=QUIT "
                                          : std::string("setpriv --pdeathsig=QUIT ");
  return "cd " + folder_.path().string() + " && exec " + user + command;
}

void PostgresServer::start() {
  // Writes aren't synced: these tests are of processes that crash, not of machines.
  const std::string command =
      as_user((programs_ / "postgres").string() + " -D data -k " + folder_.path().string() +
              " -c listen_addresses= -c fsync=off -c max_connections=60"
              // Who sets `synchronous_commit` waits for a standby that doesn't exist.
              " -c synchronous_standby_names=nobody -c synchronous_commit=local >>log 2>&1");
  process_ = fork();
  if (process_ == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  const Wait wait("PostgreSQL to start");
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    if (waitpid(process_, nullptr, WNOHANG) != 0) {
      process_ = 0;
      throw std::runtime_error("PostgreSQL ended at its start: see its log in " +
                               folder_.path().string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void PostgresServer::stop_at_once() {
  kill(process_, SIGQUIT);
  const Wait wait("PostgreSQL to end");
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgresql://samoyed@/" + database + "?host=" + folder_.path().string();
}

std::string PostgresServer::create_database() {
  const std::string name = "test_" + std::to_string(++databases_);
  dispatcher::postgres::Connection(url("postgres")).execute("CREATE DATABASE " + name);
  return url(name);
}

std::unique_ptr<dispatcher::postgres::Connection> make_tables() {
  PostgresServer* const server = PostgresServer::shared();
  if (!server) {
    WARN("skipped: needs the server of Debian's package postgresql");
    return nullptr;
  }
  auto connection = std::make_unique<dispatcher::postgres::Connection>(server->create_database());
  dispatcher::postgres::migrate(*connection);
  return connection;
}

}  // namespace samoyed::test
