#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "samoyed/dispatcher/outcome.hpp"
#include "samoyed/dispatcher/worker_list.hpp"
#include "samoyed/protocol/client_exchange.hpp"

namespace samoyed::dispatcher {

/// How one attempt at one worker failed.
struct AttemptFailure {
  enum class Kind {
    unreachable,      ///< No connection: it was refused, or there is no route, or no such name.
    closed,           ///< The worker closed the connection (end of file).
    connection_lost,  ///< The connection was reset, or any other network error.
    no_resources,     ///< This machine lacks descriptors, memory or name lookups, so nothing is
                      ///< known about the worker.
    timed_out,        ///< A step took too long.
    other_model,      ///< The worker runs another model than the requested one.
    other_formats,    ///< The worker doesn't read the image's format.
    left,             ///< The worker had said that it stops, and did so before it got the image.
    nonsense,         ///< The worker's bytes violate the protocol.
  };
  Kind kind;
  protocol::Progress progress = protocol::Progress::nothing_answered;
  /// True if the connection had carried an exchange before.
  bool reused = false;
  std::error_code why;
};

/// What a failed attempt is blamed on.
enum class Blame {
  nobody,  ///< This machine lacks a resource.
  idling,  ///< An idle connection had ended, which proves nothing unless a fresh one fails too.
  choice,  ///< The worker is alive but unsuitable for this request.
  image,   ///< The worker closed after the complete image: the image is to blame if the worker
           ///< still accepts connections.
  worker,  ///< The worker is dead or unusable.
};
Blame blame(const AttemptFailure& failure);

/// How an attempt is counted. `cut_short` is true if it ended early because it was abandoned.
AttemptEnd count_as(const std::variant<protocol::Result, AttemptFailure>& end, bool cut_short);

/// Decides the next step for one image, without I/O.
///
///     pick --> attempt --+-- result, or the image is bad --> finished
///                 ^      +-- idle connection had ended ----> the same worker again, fresh
///                 |      +-- closed after the image -------> probe --+-- accepts: a bad image?
///                 |      |                                           +-- doesn't: eject it
///                 |      +-- busy, no resources here, or
///                 |      |   another model ----------------> leave the worker
///                 |      +-- internal error ---------------> leave the worker; eject it if it is
///                 |      |                                   an outlier; the second one finishes
///                 |      +-- anything else ----------------> eject the worker
///                 +--- the next untried worker, until the image harmed two or none is left
///
/// With `queued`, an image that only finds busy workers is put back into the dispatcher's queue,
/// and begins again when one has room. Otherwise it fails.
///
/// A slow request is also sent to a second worker (the hedge). Then two attempts are in flight,
/// each with its own number, and the first answer wins. If one of them fails, the other one is the
/// retry. The dispatcher abandons attempts that are still in flight when the plan has finished.
///
/// One attempt may use at most half of the time that is left, but at least a second, and only a
/// second at a worker that has never answered. Then the image is also sent to another worker, and
/// the first answer wins.
///
/// An image counts as having harmed a worker if the worker closed the connection or died after it
/// had received the whole image. Refused connections, connections that ended earlier, and timeouts
/// don't count.
///
/// Not thread-safe: use from one thread. The list may be shared.
class DispatchPlan {
 public:
  /// Send the image to the worker, on a fresh connection if `fresh` is true. Numbers count from 0.
  /// A fresh attempt has the number of the attempt that it repeats.
  struct StartAttempt {
    std::size_t number = 0;
    Worker worker;
    bool fresh = false;
  };
  /// Find out whether the worker of the attempt with this number still accepts connections.
  struct Probe {
    std::size_t number = 0;
    Worker worker;
  };
  /// Wait for the attempts and probes in flight.
  struct Wait {};
  /// Every worker that may recognize the image is busy, and nothing is in flight. Call `start`
  /// again when one has room.
  struct PutBack {};
  struct Finished {
    std::variant<protocol::Recognition, Failure> end;
  };
  using Action = std::variant<StartAttempt, Probe, Wait, PutBack, Finished>;

  /// `model` is the model that a worker must run; empty for any. `queued` allows PutBack. The list
  /// and the name must outlive the plan.
  explicit DispatchPlan(WorkerList& workers, Clock::time_point deadline = Clock::time_point::max(),
                        std::string_view model = {}, bool queued = false)
      : workers_(workers), deadline_(deadline), model_(model), queued_(queued) {}

  Action start(Clock::time_point now);

  // Each reports the end of the attempt or probe with this number and returns the next action.
  Action on_result(std::size_t number, protocol::Result result, Clock::time_point now);
  Action on_failure(std::size_t number, const AttemptFailure& failure, Clock::time_point now);
  Action on_probe(std::size_t number, bool accepts, Clock::time_point now);

  /// Call this when the request is slow enough for a hedge. Only the first call may start one.
  Action on_slow(Clock::time_point now);

  /// When the next attempt in flight has used its share of the time. Clock::time_point::max() if
  /// there is none.
  Clock::time_point overdue_at() const;
  /// Call this when that time has passed.
  Action on_overdue(Clock::time_point now);

  /// The request's deadline has passed.
  static Action on_deadline() { return Finished{Failure{FailureReason::deadline, {}}}; }
  /// No worker has had room for the image, and it is too late now to send it.
  static Action on_no_turn() { return Finished{Failure{FailureReason::all_busy, {}}}; }
  /// The client no longer waits for the answer.
  static Action on_cancelled() { return Finished{Failure{FailureReason::cancelled, {}}}; }

  /// The worker that the last event ejected, unless another request had ejected it already.
  std::optional<Worker> ejected() const { return ejected_; }

  /// The workers that don't get the image (again).
  std::span<const WorkerId> tried() const { return tried_; }

 private:
  struct AttemptState {
    Worker worker;
    bool in_flight = true;
    bool retried_fresh = false;
    /// Clock::time_point::max() once it has passed.
    Clock::time_point overdue_at = Clock::time_point::max();
  };

  StartAttempt begin(const Worker& worker, Clock::time_point now);
  std::optional<Action> start_another(Clock::time_point now);
  Action go_on(Clock::time_point now);
  Action put_back();
  Action give_up();
  bool any_in_flight() const;
  void record_fault(Clock::time_point now);
  void eject(const Worker& worker, Clock::time_point now);

  /// An image is to blame once it has harmed this many workers.
  static constexpr int harmed_max = 2;

  /// The least time for an attempt before another worker gets the image too, and the time for a
  /// worker that has never answered.
  static constexpr std::chrono::seconds share_min{1};

  WorkerList& workers_;
  const Clock::time_point deadline_;
  const std::string_view model_;
  const bool queued_;
  std::vector<AttemptState> attempts_;  ///< Indexed by their numbers.
  std::vector<WorkerId> tried_;
  std::vector<WorkerId> busy_;  ///< Those of `tried_` that were busy.
  std::optional<Worker> ejected_;
  std::optional<protocol::Refusal> internal_;  ///< The first internal error.
  std::optional<Worker> faulty_;               ///< The worker that reported it.
  bool hedged_ = false;
  bool format_unread_ = false;
  bool no_resources_ = false;
  int closed_ = 0;  ///< Workers that closed the connection on the image but are alive.
  int died_ = 0;    ///< Workers that the image killed, or seems to have killed.
};

}  // namespace samoyed::dispatcher
