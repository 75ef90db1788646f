#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// Grows with every add, never reused: an address that was removed and added again is a new worker,
/// so a request that failed on the old one can't remove the new one.
using WorkerId = std::uint64_t;

struct Worker {
  WorkerId id = 0;
  protocol::Address address;

  bool operator==(const Worker&) const = default;
};

/// What is known of a worker's network, from its reply to hello.
struct WorkerModel {
  std::string name;
  bool trained = true;

  bool operator==(const WorkerModel&) const = default;
};

enum class WorkerState {
  in_rotation,
  removed,  ///< Found dead; probed in the background until it answers again or is forgotten.
};

/// A worker as the page shows it.
struct WorkerRow {
  Worker worker;
  /// Nothing until the worker was spoken to; a reference server never tells.
  std::optional<WorkerModel> model;
  WorkerState state = WorkerState::in_rotation;
};

/// Workers that a list takes: every page shows all of them, and a request may have to try them all.
inline constexpr std::size_t workers_max = 1024;

/// What became of an add.
enum class AddResult { added, already_there, list_full };

/// The workers in rotation, in the order in which they were added.
///
/// The cursor is the id of the last worker picked, not a position, so it stays right when the list
/// shrinks: nobody is skipped or served twice. Between two changes of the list the counts of `pick`
/// of any two workers differ by at most one.
///
/// Thread rule: every member may be called from any thread; one mutex guards all, held for a few
/// instructions and never across a system call or a suspension.
class WorkerList {
 public:
  /// `on_change` is called after every add and remove that changed something, on the thread that
  /// made the change and without the mutex; what is then in the list may already be newer.
  explicit WorkerList(std::function<void()> on_change = [] {}) : on_change_(std::move(on_change)) {}

  /// Never connects. Changes nothing unless the result is `added`.
  AddResult add(const protocol::Address& address);

  /// False if the address is not there.
  bool remove(const protocol::Address& address);

  /// Removes a worker that was found dead. True for exactly one of all who find it out together.
  bool remove(WorkerId id);

  /// The next worker in turn, for a request's first try; nothing if the list is empty.
  std::optional<Worker> pick();

  /// The worker that comes after `after` and is none of `tried`, for a request's further tries.
  /// Doesn't move the cursor: a retry takes nobody's turn.
  std::optional<Worker> pick_other(WorkerId after, std::span<const WorkerId> tried) const;

  /// Notes what a worker said of itself. Ignored if it is no longer there.
  void set_model(WorkerId id, const WorkerModel& model);

  std::vector<WorkerRow> rows() const;

 private:
  template <typename Predicate>
  bool remove_if(Predicate predicate);

  const std::function<void()> on_change_;
  mutable std::mutex mutex_;
  // Guarded by mutex_, ids ascending:
  std::vector<WorkerRow> rows_;
  WorkerId last_id_ = 0;
  WorkerId cursor_ = 0;
};

}  // namespace samoyed::dispatcher
