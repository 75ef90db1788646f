#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "dispatcher/postgres/postgres_server.hpp"
#include "dispatcher/storage/storage.hpp"
#include "support/wait.hpp"

/// What the tests of storages in PostgreSQL share.
namespace samoyed::test {

/// Returns null, and says why, if PostgreSQL isn't installed.
inline PostgresServer* find_server() {
  PostgresServer* const server = PostgresServer::shared();
  if (!server) WARN("skipped: needs the server of Debian's package postgresql");
  return server;
}

inline dispatcher::StorageOptions options_of(const std::string& url, const std::string& name = {}) {
  dispatcher::StorageOptions options;
  options.url = url;
  options.instance_name = name;
  return options;
}

/// Runs until the condition holds. The time limit only prevents hanging.
inline bool run_until(asio::io_context& io, const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + wait_max();
  while (!condition() && std::chrono::steady_clock::now() < limit) {
    io.restart();
    io.run_one_for(std::chrono::milliseconds(10));
  }
  return condition();
}

/// A coroutine that was started.
template <typename Value>
struct Started {
  bool ended = false;
  std::exception_ptr failure;
  std::optional<Value> value;
};

template <typename Value>
std::shared_ptr<Started<Value>> start(asio::io_context& io, asio::awaitable<Value> work) {
  auto started = std::make_shared<Started<Value>>();
  asio::co_spawn(io, std::move(work), [started](std::exception_ptr failure, Value value) {
    started->failure = failure;
    started->value = std::move(value);
    started->ended = true;
  });
  return started;
}

/// Runs a coroutine to its end, beside loops that don't end.
template <typename Value>
Value run_beside(asio::io_context& io, asio::awaitable<Value> work) {
  const auto started = start(io, std::move(work));
  run_until(io, [&] { return started->ended; });
  if (started->failure) std::rethrow_exception(started->failure);
  return std::move(started->value).value();
}

inline dispatcher::JobRequest request_of(const std::string& image) {
  dispatcher::JobRequest request;
  request.images.push_back({image + ".jpg", image});
  request.visitor = "me";
  return request;
}

inline std::string submit(asio::io_context& io, dispatcher::Storage& storage) {
  auto submitted = run_beside(io, storage.jobs().submit(request_of("dog")));
  return std::get<std::vector<std::string>>(submitted).at(0);
}

/// The number of rows on the first page; 0 if the database can't be reached.
inline std::size_t rows_of_page(asio::io_context& io, dispatcher::Storage& storage) {
  try {
    return run_beside(io, storage.history()->find({.rows_max = 200})).rows.size();
  } catch (const dispatcher::StorageError&) {
    return 0;
  }
}

/// Stops the storages' loops, and runs until they have ended.
inline void stop(asio::io_context& io, const std::vector<dispatcher::Storage*>& storages) {
  for (dispatcher::Storage* const storage : storages) storage->stop();
  const Wait wait("the storages' loops to end");
  io.restart();
  io.run();
}

}  // namespace samoyed::test
