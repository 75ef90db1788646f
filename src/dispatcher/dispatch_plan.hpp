#pragma once

#include <optional>
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
    unreachable,      ///< Refused, no route or unknown name: there was no connection.
    closed,           ///< End-of-file.
    connection_lost,  ///< Reset, or any other network error.
    no_resources,     ///< This machine lacks descriptors, memory or name look-ups: nothing is known
                      ///< of the worker.
    timed_out,        ///< A step took too long.
    other_model,      ///< The worker runs another model than the requested one.
    nonsense,         ///< The bytes violate the protocol.
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
  idling,  ///< A kept connection had ended, which proves nothing unless a fresh one fails too.
  choice,  ///< The worker is alive but unsuitable for this request.
  image,   ///< The worker closed after the complete image: the image is to blame if the worker
           ///< still accepts connections.
  worker,  ///< The worker is dead or useless.
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
///                 |      +-- busy, no resources here,
///                 |      |   or another model -------------> leave the worker
///                 |      +-- anything else ----------------> eject the worker
///                 +--- the next untried worker, until the image harmed two or none is left
///
/// A slow request is sent to one more worker too (the hedge). Then two attempts are in flight, each
/// with its number, and the first answer wins. If one of them fails, the other one is the retry.
/// The shell abandons attempts that are still in flight when the plan has finished.
///
/// An image harmed a worker that closed or died after it had received the whole image. Refused
/// connections, cuts before that, and timeouts don't count.
///
/// Not thread-safe; the list may be shared.
class DispatchPlan {
 public:
  /// Send the image to the worker, on a fresh connection if `fresh`. Numbers count from 0. A fresh
  /// attempt has the number of the one that it repeats.
  struct StartAttempt {
    std::size_t number = 0;
    Worker worker;
    bool fresh = false;
  };
  /// Find out if the worker of that attempt still accepts connections.
  struct Probe {
    std::size_t number = 0;
    Worker worker;
  };
  /// Wait for the attempts and probes in flight.
  struct Wait {};
  struct Finished {
    std::variant<protocol::Recognition, Failure> end;
  };
  using Action = std::variant<StartAttempt, Probe, Wait, Finished>;

  /// `model` is the model that a worker must run; empty for any. The list and the name must outlive
  /// the plan.
  explicit DispatchPlan(WorkerList& workers, Clock::time_point deadline = Clock::time_point::max(),
                        std::string_view model = {})
      : workers_(workers), deadline_(deadline), model_(model) {}

  Action start(Clock::time_point now);

  // The end of the attempt or probe with that number:
  Action on_result(std::size_t number, protocol::Result result, Clock::time_point now);
  Action on_failure(std::size_t number, const AttemptFailure& failure, Clock::time_point now);
  Action on_probe(std::size_t number, bool accepts, Clock::time_point now);

  /// The request is slow enough for a hedge. Only the first call may start one.
  Action on_slow(Clock::time_point now);

  /// The request's deadline has passed.
  static Action on_deadline() { return Finished{Failure{FailureReason::deadline, {}}}; }
  /// The client no longer waits for the answer.
  static Action on_cancelled() { return Finished{Failure{FailureReason::cancelled, {}}}; }

  /// The worker that the last event ejected, unless another request had ejected it already.
  std::optional<Worker> ejected() const { return ejected_; }

 private:
  struct AttemptState {
    Worker worker;
    bool in_flight = true;
    bool retried_fresh = false;
  };

  std::optional<Action> start_another(Clock::time_point now);
  Action go_on(Clock::time_point now);
  Action give_up() const;
  bool any_in_flight() const;
  void eject(const Worker& worker, Clock::time_point now);

  /// An image that harmed this many workers is to blame itself.
  static constexpr int harmed_max = 2;

  WorkerList& workers_;
  const Clock::time_point deadline_;
  const std::string_view model_;
  std::vector<AttemptState> attempts_;  ///< Indexed by their numbers.
  std::vector<WorkerId> tried_;
  std::optional<Worker> ejected_;
  bool hedged_ = false;
  bool any_busy_ = false;
  bool no_resources_ = false;
  int closed_ = 0;  ///< Workers that closed on the image and still accept connections.
  int died_ = 0;    ///< Workers that died of it, or seem to have.
};

}  // namespace samoyed::dispatcher
