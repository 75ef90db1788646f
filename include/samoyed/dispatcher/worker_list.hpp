#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "samoyed/dispatcher/fault_record.hpp"
#include "samoyed/dispatcher/worker_health.hpp"
#include "samoyed/dispatcher/worker_room.hpp"
#include "samoyed/io/wall_clock.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// Increases with every add and every return to the rotation, and is never reused. A worker that
/// comes back has a new id, so a request that failed under the old id can't eject it.
using WorkerId = std::uint64_t;

struct Worker {
  WorkerId id = 0;
  protocol::Address address;

  bool operator==(const Worker&) const = default;
};

/// A worker's network, from its reply to hello.
struct WorkerModel {
  std::string name;
  bool trained = true;
  /// Number of labels; 0 if it isn't known.
  std::uint64_t label_count = 0;

  bool operator==(const WorkerModel&) const = default;
};

/// Which model answers the requests that name none.
struct DefaultModel {
  enum class Rule {
    any,            ///< Each worker in turn, whatever it runs.
    first_trained,  ///< See `WorkerList::models`.
    named,          ///< Only the model `name`.
  };
  Rule rule = Rule::any;
  std::string name = {};
};

/// One of the models that the workers of a list run.
struct ModelRow {
  WorkerModel model;
  /// Number of workers in rotation that run it.
  std::size_t workers = 0;
  /// True if it answers requests that name no model.
  bool is_default = false;

  bool operator==(const ModelRow&) const = default;
};

/// Outcomes of the images that were sent to a worker since it was added.
struct WorkerCounts {
  std::size_t in_flight = 0;
  /// Images that the worker answered: it recognized or refused them.
  std::uint64_t done = 0;
  /// Images on which the worker closed or lost the connection, was too slow, or reported an
  /// internal error.
  std::uint64_t failed = 0;
  /// Time from the start of an attempt to its answer, in milliseconds: the exponential moving
  /// average over the attempts that are done, with weight 0.1 for the newest. 0 before the first.
  double latency_ms = 0;

  bool operator==(const WorkerCounts&) const = default;
};

/// How one attempt is counted.
enum class AttemptEnd {
  done,
  failed,
  busy,       ///< The worker was busy.
  uncounted,  ///< The attempt was abandoned, or this machine was to blame.
};

/// The state of one worker at one moment.
struct WorkerRow {
  Worker worker;
  /// std::nullopt until the worker answered a hello, and for a reference server.
  std::optional<WorkerModel> model;
  WorkerState state = WorkerState::in_rotation;
  /// True if it has answered an image or a probe since it was added. Only then may a page show its
  /// state, which would otherwise reveal whether anything listens on an arbitrary port.
  bool heard = false;
  WorkerCounts counts = {};
  /// True while it is being probed.
  bool probing = false;
  /// Its place in the order in which workers were first added. It keeps it when it comes back.
  std::uint64_t listed = 0;
  /// When it was added, ejected or readmitted last, in milliseconds since 1970 in UTC.
  std::int64_t since_ms = 0;
  /// Why it was ejected. Empty while it is in rotation.
  std::string why = {};
  /// True if someone listed it by its address, not only DNS.
  bool by_address = false;
  /// The DNS name that has it, as --discover has it. Empty if none has.
  std::string discovered_by = {};
};

/// What people and programs said about an address, unlike DNS and health.
enum class Listing {
  listed,    ///< It was added.
  held_out,  ///< It was removed although DNS has it.
};
using Listings = std::map<protocol::Address, Listing>;

/// Maximum number of workers in a list, in rotation or not. A page shows all of them, and a request
/// may have to try all of them.
inline constexpr std::size_t workers_max = 1024;

/// The result of WorkerList::add.
enum class AddResult {
  added,
  /// The address was in the list already, in rotation or not.
  already_there,
  list_full,
};

/// The result of WorkerList::discover.
enum class DiscoverResult {
  added,
  /// The address was in the list already, in rotation or not.
  already_there,
  list_full,
  /// Someone removed the worker although DNS has it.
  held_out,
};

/// The workers in rotation, in the order in which they were added or came back, and the draining
/// and ejected ones, which may come back.
///
/// The cursor is the id of the last worker picked, not a position, so it stays right when the list
/// shrinks: no worker is skipped or picked twice. Between two changes of the list, the numbers of
/// picks of any two workers differ by at most one. Requests for one model have their own cursor, so
/// the same holds for them among the workers that run this model.
///
/// A worker that has never answered a hello may be picked for any model until it answers one.
///
/// Requests that name no model go to the workers of one default model, so that the same image
/// always gets the same answer, and to reference servers, whose model isn't known. With the rule
/// `first_trained`, it is the model of the trained worker that was listed first. While none of that
/// model's workers is in rotation, the next trained model takes its place. An untrained model is
/// the default only if the list has no trained one.
///
/// A worker that doesn't answer its first contact (an image or a probe) within `first_answer_time`
/// is picked only if there is no other. It stays last until it answers something.
///
/// A draining worker gets a request only if no worker in rotation may answer it, because it still
/// answers, and the alternative is an error. Without `readmit`, nobody would notice that it comes
/// back, so a worker that says that it is draining stays in rotation until it fails.
///
/// A worker has room for as many images as WorkerRoom says. Workers without room are passed over as
/// long as another one has room, because images should wait at the dispatcher, where they are fair
/// to each other.
///
/// A worker is in the list because someone listed its address, because DNS has it, or both. It
/// stays while one of the two holds.
///
/// Thread rule: every member may be called from any thread. One mutex guards all of them. It is
/// held for a few instructions and never across a system call or a suspension.
class WorkerList {
 public:
  /// `on_change` is called whenever a worker was added, removed, ejected, readmitted or forgotten,
  /// when it began to drain or stopped, or when its probe was hastened.
  /// The thread that made the change calls it, without the mutex: by then the list may have changed
  /// again.
  ///
  /// `wall_clock_ms` returns milliseconds since 1970 in UTC. It is called with the mutex held.
  explicit WorkerList(
      std::function<void()> on_change = [] {}, HealthOptions health = {},
      DefaultModel default_model = {},
      std::function<std::int64_t()> wall_clock_ms = io::wall_clock_ms)
      : on_change_(std::move(on_change)),
        health_(health),
        default_model_(std::move(default_model)),
        wall_clock_ms_(std::move(wall_clock_ms)) {}

  /// Adds a worker without connecting to it. An ejected worker returns to the rotation at once, at
  /// the end of the list. If it has never answered, it keeps its place and its id instead, so that
  /// the list doesn't reveal that it was ejected.
  AddResult add(const protocol::Address& address);

  /// Removes a worker, in rotation or not. Images that it has are finished. Returns false if the
  /// address is not in the list. If DNS has the worker, it is held out of the list until someone
  /// adds it, or DNS has dropped it.
  bool remove(const protocol::Address& address);

  /// Removes a worker like `remove`, and holds it out of the list even if DNS doesn't have it yet.
  void hold_out(const protocol::Address& address);

  /// Ends `hold_out`: DNS may add the worker again.
  void release(const protocol::Address& address);

  /// What was said about each address. A worker that was forgotten isn't included.
  Listings listings() const;

  /// Adds a worker that the DNS name `name` has, without connecting to it, unless it is held out.
  /// An ejected worker stays ejected, because DNS says nothing about its health.
  DiscoverResult discover(const protocol::Address& address, const std::string& name);

  /// Removes a worker that DNS no longer has, unless someone listed its address. Images that it has
  /// are finished. From then on `discover` may add it again, whoever removed it.
  void undiscover(const protocol::Address& address);

  /// Takes a worker that was found dead out of rotation. From then on it is probed; with `readmit`
  /// off it is forgotten at once. Returns true to exactly one of several concurrent callers.
  bool eject(WorkerId id, Clock::time_point now);

  /// Records why a worker was ejected. Ignored if it is in rotation, or no longer in the list.
  void record_why(WorkerId id, std::string why);

  /// Records that a worker reported an internal error on an image that another worker recognized.
  /// Takes it out of rotation like `eject`, and returns true, if that happened several times in a
  /// row or far more often than to the others. At most half of all workers are out for this reason
  /// at the same time, because then the images are more likely to be at fault.
  bool record_fault(WorkerId id, Clock::time_point now);

  /// Returns the next worker in turn that may run `model` (empty for the default), for a request's
  /// first attempt. Returns std::nullopt if there is none in rotation.
  std::optional<Worker> pick(std::string_view model = {}, Clock::time_point now = {});

  /// Returns the worker in rotation that comes after `after`, is not in `tried` and may run
  /// `model`, for a request's further attempts. A worker that has answered an image comes before
  /// one that has only answered a hello. Doesn't move the cursor, so a retry doesn't take the turn
  /// of another request.
  std::optional<Worker> pick_other(WorkerId after, std::span<const WorkerId> tried,
                                   std::string_view model = {}, Clock::time_point now = {}) const;

  /// True if an image for `model` should wait: there is a worker for it that is not in `tried`, but
  /// none has room.
  bool must_wait(std::string_view model, Clock::time_point now,
                 std::span<const WorkerId> tried = {}) const;

  /// The next time after `now` at which the answer of `must_wait` may change although nothing was
  /// reported to the list. Clock::time_point::max() if there is none.
  Clock::time_point room_changes_at(Clock::time_point now) const;

  /// Records the processor time that a worker spent on an image, and the time of its transfer.
  void record_times(WorkerId id, double cost_ms, double transfer_ms);

  /// True if the worker has answered a hello, an image or a probe since it was added.
  bool has_answered(WorkerId id) const;

  /// True if the list has workers, but none that may run `model`, in rotation or not.
  bool lacks(std::string_view model) const;

  /// True if a worker that reported `found` may answer a request for `model`. A reference server
  /// reports nothing.
  bool may_answer(std::string_view model, const std::optional<WorkerModel>& found) const;

  /// The models of all workers, in rotation or not, in the order in which their first workers were
  /// listed. Models of the same name are one; it counts as trained if one of them is.
  std::vector<ModelRow> models() const;

  const DefaultModel& default_model() const { return default_model_; }

  /// Records the model that a worker reported, and how many images it recognizes at the same time
  /// (0 if it didn't say). Ignored if the worker is no longer in the list.
  void set_model(WorkerId id, const WorkerModel& model, std::uint64_t threads = 0);

  /// Records that a worker is a reference server. Its model stays unknown, and it gets only
  /// requests that accept any model.
  void set_reference(WorkerId id);

  /// Records whether a worker said, in a hello other than a probe's, that it is about to stop.
  WorkerHealth::Change greeted(WorkerId id, bool draining, Clock::time_point now);

  /// True if the worker is draining, or has stopped after that.
  bool is_leaving(WorkerId id) const;

  /// Ejects a draining worker, because it accepts no more connections. Returns false if it isn't
  /// draining.
  bool leave(WorkerId id, Clock::time_point now);

  /// Counts an image that is sent to a worker. `end_attempt` must follow, with that image's
  /// latency.
  void begin_attempt(WorkerId id, Clock::time_point now = {});
  void end_attempt(WorkerId id, AttemptEnd end, std::chrono::duration<double, std::milli> latency,
                   Clock::time_point now = {});

  /// Records that a worker answered an image, so it need not be probed soon.
  void answered(WorkerId id, Clock::time_point now);

  /// Makes a probe of a worker in rotation due at once.
  void suspect(WorkerId id, Clock::time_point now);

  /// Makes a probe of a worker due, in rotation or not: at once, or a second after the last one.
  /// Returns false if the address is not in the list. Does nothing else with `readmit` off.
  bool hasten_probe(const protocol::Address& address, Clock::time_point now);

  /// All workers, in ascending order of their ids.
  std::vector<WorkerRow> snapshot() const;

  /// The DNS name that has a worker, as --discover has it. Empty if none has.
  std::string discovered_by(WorkerId id) const;

  bool in_rotation(WorkerId id) const;
  std::size_t in_rotation_count() const;
  /// True if requests can be sent to a worker: one in rotation, or a draining one.
  bool any_serves() const;

  /// Returns at most `count` workers whose probes are due, the longest overdue first. The caller
  /// must pass each of them to `end_probe`; a worker isn't due again until then. Returns none with
  /// `readmit` off.
  std::vector<Worker> begin_probes(Clock::time_point now, std::size_t count);

  /// Returns when the next probe is due, or Clock::time_point::max() if none is scheduled.
  Clock::time_point next_probe_at() const;

  /// Records how a probe ended. Ignored if the worker is no longer in the list.
  WorkerHealth::Change end_probe(WorkerId id, ProbeResult result, Clock::time_point now);

  /// Removes the workers that have been away for too long, and returns them, except those that DNS
  /// has: they would only be added again. Removes none while fewer than half of all workers are in
  /// rotation, because then it is more likely that the network or this machine has failed.
  std::vector<Worker> forget_expired(Clock::time_point now);

  const HealthOptions& health_options() const { return health_; }

 private:
  /// A worker that takes longer than this for its first answer comes last.
  static constexpr std::chrono::milliseconds first_answer_time{500};

  struct Entry {
    WorkerRow row;
    WorkerHealth health;
    bool reference = false;  ///< It is a reference server.
    FaultRecord faults = {};
    bool faulty = false;  ///< It was ejected because of its faults.
    bool answered = false;
    std::optional<Clock::time_point> first_contact = {};
    WorkerRoom room = {};

    bool in_rotation() const { return health.state() == WorkerState::in_rotation; }
    bool serves() const { return health.state() != WorkerState::ejected; }
    void contact(Clock::time_point now) {
      if (!first_contact) first_contact = now;
    }
    Clock::time_point doubtful_from() const {
      return *first_contact + first_answer_time + Clock::duration(1);
    }
    bool doubtful(Clock::time_point now) const {
      return !answered && first_contact && now >= doubtful_from();
    }
    bool has_room(Clock::time_point now) const { return room.has_room(row.counts.in_flight, now); }
    bool runs(std::string_view model) const { return row.model && row.model->name == model; }
  };

  /// Which workers may answer a request. Valid while the mutex is held.
  struct ModelChoice {
    std::string_view name = {};          ///< Empty if workers of any name may.
    const WorkerModel* model = nullptr;  ///< If set, only this model and unknown ones may.

    bool includes(const WorkerModel& found) const;
    bool includes(const Entry& entry) const;
  };

  // Called with the mutex held:
  Entry* find(WorkerId id);
  Entry* find(const protocol::Address& address);
  ModelChoice choose(std::string_view model) const;
  const WorkerModel* first_trained() const;
  std::optional<Worker> next_after(WorkerId after,
                                   const std::function<bool(const Entry&)>& eligible,
                                   WorkerState state = WorkerState::in_rotation) const;
  WorkerId* find_cursor(std::string_view model);
  bool any_runs(std::string_view model) const;
  void drop_unused_cursors();
  /// Returns null if the list is full.
  Entry* put_new(const protocol::Address& address);
  void return_to_rotation(Entry& entry);
  void erase(const Entry& entry);
  void put_at_end(Entry entry);
  std::size_t count_in_rotation() const;
  bool is_outlier(const Entry& entry) const;
  void take_out(Entry& entry, Clock::time_point now);
  void readmit(Entry& entry);
  void begin_state(Entry& entry) const;
  double random();

  const std::function<void()> on_change_;
  const HealthOptions health_;
  const DefaultModel default_model_;
  const std::function<std::int64_t()> wall_clock_ms_;
  mutable std::mutex mutex_;
  // Guarded by mutex_, ids ascending:
  std::vector<Entry> entries_;
  /// Workers that someone removed although DNS has them.
  std::set<protocol::Address> held_out_;
  WorkerId last_id_ = 0;
  std::uint64_t last_listed_ = 0;
  WorkerId cursor_ = 0;
  /// The cursors of requests for one model, by its name. Only models that some worker runs have
  /// one.
  std::map<std::string, WorkerId, std::less<>> model_cursors_;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace samoyed::dispatcher
