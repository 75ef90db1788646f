#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include "dispatcher/storage/worker_table.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// What has to be said to turn `before` into `after`.
std::vector<ListingChange> changes_between(const Listings& before, const Listings& after);

/// Keeps a WorkerList and a WorkerTable alike, so that dispatchers share what people and programs
/// add and delete. What changed here since the last exchange is written to the table, and what
/// changed there is applied to the list. If both changed, the list wins.
///
/// A dispatcher forgets workers for itself only, because others may still reach them. A worker that
/// it forgot comes back with `WorkerList::add`, or with a restart.
///
/// Thread rule: the thread of the executor.
class SharedWorkers {
 public:
  /// `why_refused` returns why a worker of the table may not be in the list, as a predicate for the
  /// log, or an empty text. The references must outlive the object, and the object must outlive
  /// the coroutines that it started.
  SharedWorkers(asio::any_io_executor executor, WorkerTable& table, WorkerList& list,
                std::function<std::string(const protocol::Address&)> why_refused);

  /// Exchanges changes, each second and after `wake`, until `stop`. Call once.
  asio::awaitable<void> run();

  /// Exchanges changes soon.
  void wake();

  /// Waits until the table has all changes of the list, for at most `save_timeout`. Returns whether
  /// it has them.
  asio::awaitable<bool> save();

  /// Whether the list has had the table's workers.
  bool has_exchanged() const { return written_ > 0; }

  /// The list has forgotten this worker, without anybody having removed it.
  void forget(const protocol::Address& address);

  void stop();

  static constexpr std::chrono::milliseconds save_timeout{2000};

 private:
  asio::awaitable<void> exchange();
  void apply(const ListingChange& change);
  void refuse(const protocol::Address& address, const std::string& why);
  void notify_savers();

  asio::any_io_executor executor_;
  WorkerTable& table_;
  WorkerList& list_;
  const std::function<std::string(const protocol::Address&)> why_refused_;
  Listings known_;                         ///< What the list and the table had in common last.
  std::set<protocol::Address> forgotten_;  ///< Those that the table still has.
  std::set<protocol::Address> refused_;    ///< Those that the log has named.
  std::uint64_t begun_ = 0;                ///< The number of exchanges that have begun.
  std::uint64_t written_ = 0;              ///< The number of the last one that succeeded.
  std::set<io::Event*> savers_;
  io::Event soon_;
  std::minstd_rand random_{std::random_device()()};
  bool woken_ = false;
  bool stopping_ = false;
  bool failed_ = false;  ///< The last exchange failed, and the log says so.
};

}  // namespace samoyed::dispatcher
