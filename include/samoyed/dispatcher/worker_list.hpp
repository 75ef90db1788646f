#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "samoyed/dispatcher/worker_health.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// Grows with every add and every return to the rotation, never reused: a worker that came back is
/// a new one, so a request that failed on the old one can't remove it.
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

/// What became of the images that were sent to a worker, since it was added.
struct WorkerCounts {
  std::size_t in_flight = 0;
  /// It answered: recognised the image, or found fault with it.
  std::uint64_t done = 0;
  /// It closed, was lost, was too slow, or said that it failed.
  std::uint64_t failed = 0;
  /// From the beginning of a try to its answer, in milliseconds: the mean of those that were done, each
  /// weighing 0.9 of the next; 0 before the first.
  double latency_ms = 0;

  bool operator==(const WorkerCounts&) const = default;
};

/// How one try at a worker ended, as it is counted.
enum class TryEnd {
  done,
  failed,
  uncounted,  ///< It was busy, nobody waited any longer, or this side was to blame.
};

/// A worker as the page shows it.
struct WorkerRow {
  Worker worker;
  /// Nothing until the worker was spoken to; a reference server never tells.
  std::optional<WorkerModel> model;
  WorkerState state = WorkerState::in_rotation;
  /// It answered an image or a probe once, since it was added, so that its state tells nothing of a port
  /// where something else listens, or nobody.
  bool heard = false;
  WorkerCounts counts = {};
  /// A probe of it is under way.
  bool probing = false;
};

/// Workers that a list knows, in rotation or not: every page shows all of them, and a request may
/// have to try them all.
inline constexpr std::size_t workers_max = 1024;

/// What became of an add.
enum class AddResult { added, already_there, list_full };

/// The workers in rotation, in the order in which they were added or came back, and those that
/// were found dead and may come back.
///
/// The cursor is the id of the last worker picked, not a position, so it stays right when the list
/// shrinks: nobody is skipped or served twice. Between two changes of the list the counts of `pick`
/// of any two workers differ by at most one. Requests for one model only have a cursor of their own, so
/// that the same holds for them among the workers that run it.
///
/// A worker that never answered hello may run any model, until it is spoken to.
///
/// Thread rule: every member may be called from any thread; one mutex guards all, held for a few
/// instructions and never across a system call or a suspension.
class WorkerList {
 public:
  /// `on_change` is called after every add, removal, return and forgetting that changed something,
  /// on the thread that made the change and without the mutex; what is then in the list may already
  /// be newer.
  explicit WorkerList(
      std::function<void()> on_change = [] {}, HealthOptions health = {})
      : on_change_(std::move(on_change)), health_(health) {}

  /// Never connects. Changes nothing unless the result is `added`; a removed worker is put back at
  /// once, at the end, or where it never answered, in its place and with its id: whoever added it can't
  /// see in the list if it was removed meanwhile.
  AddResult add(const protocol::Address& address);

  /// Forgets a worker for good, in rotation or not. False if the address is not there.
  bool remove(const protocol::Address& address);

  /// Takes a worker that was found dead out of the rotation: from then on it is probed, or with
  /// `readmit` off forgotten. True for exactly one of all who find it out together.
  bool remove(WorkerId id, Clock::time_point now);

  /// The next worker in turn that may run `model` (empty: any), for a request's first try; nothing if
  /// none in rotation does.
  std::optional<Worker> pick(std::string_view model = {});

  /// The worker in rotation that comes after `after`, is none of `tried` and may run `model`, for a
  /// request's further tries. Doesn't move the cursor: a retry takes nobody's turn.
  std::optional<Worker> pick_other(WorkerId after, std::span<const WorkerId> tried,
                                   std::string_view model = {}) const;

  /// True if there are workers, but none that may run `model`, in rotation or not.
  bool lacks(std::string_view model) const;

  /// Notes what a worker said of itself. Ignored if it is no longer there.
  void set_model(WorkerId id, const WorkerModel& model);

  /// Notes that it is a reference server: its model stays unknown, and it gets only requests for any.
  void set_reference(WorkerId id);

  /// Counts an image that is sent to a worker. `end_try` must follow, with that image's latency.
  void begin_try(WorkerId id);
  void end_try(WorkerId id, TryEnd end, std::chrono::duration<double, std::milli> latency);

  /// Notes that a worker answered an image: it need not be probed soon.
  void answered(WorkerId id, Clock::time_point now);

  /// Asks for a probe of a worker in rotation at once.
  void suspect(WorkerId id, Clock::time_point now);

  /// All known workers, ids ascending.
  std::vector<WorkerRow> rows() const;

  bool in_rotation(WorkerId id) const;
  std::size_t in_rotation_count() const;

  /// At most `count` workers that are to be probed now, the longest due first; each must be given
  /// to `end_probe`, until when it is not due again. None with `readmit` off.
  std::vector<Worker> begin_probes(Clock::time_point now, std::size_t count);

  /// When the next worker is due; the far future if none is known to be.
  Clock::time_point next_probe_at() const;

  /// Ignored if the worker is no longer there.
  WorkerHealth::Change end_probe(WorkerId id, ProbeEnd end, Clock::time_point now);

  /// Forgets those that stayed away too long, and says which. Nobody while fewer than half of all
  /// known workers are in rotation: then it is more likely the network that failed, or this machine.
  std::vector<Worker> forget_expired(Clock::time_point now);

  const HealthOptions& health_options() const { return health_; }

 private:
  struct Entry {
    WorkerRow row;
    WorkerHealth health;
    bool reference = false;  ///< A reference server.

    bool in_rotation() const { return health.state() == WorkerState::in_rotation; }
    bool runs(std::string_view model) const { return row.model && row.model->name == model; }
    bool may_run(std::string_view model) const {
      return model.empty() || (row.model ? runs(model) : !reference);
    }
  };

  // Called with the mutex held:
  Entry* find(WorkerId id);
  std::optional<Worker> next_after(WorkerId after, std::span<const WorkerId> tried,
                                   std::string_view model) const;
  WorkerId* find_cursor(std::string_view model);
  bool any_runs(std::string_view model) const;
  void drop_unused_cursors();
  void put_at_end(Entry entry);
  std::size_t count_in_rotation() const;
  double random();

  const std::function<void()> on_change_;
  const HealthOptions health_;
  mutable std::mutex mutex_;
  // Guarded by mutex_, ids ascending:
  std::vector<Entry> entries_;
  WorkerId last_id_ = 0;
  WorkerId cursor_ = 0;
  /// Of requests for one model, by its name: of models only that some worker runs.
  std::map<std::string, WorkerId, std::less<>> model_cursors_;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace samoyed::dispatcher
