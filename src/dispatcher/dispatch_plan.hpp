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

/// How one try at one worker failed.
struct TryFailure {
  enum class Kind {
    unreachable,      ///< Refused, no route, unknown name: no connection came about.
    closed,           ///< End-of-file.
    connection_lost,  ///< Reset, or any other error of the network.
    no_resources,     ///< This machine lacks descriptors, memory or look-ups of names: nothing is
                      ///< known of the worker.
    timed_out,        ///< A step's time passed.
    other_model,      ///< The worker runs another model than the one that was asked for.
    nonsense,         ///< The bytes were not what the protocol allows.
  };
  Kind kind;
  protocol::Progress progress = protocol::Progress::nothing_answered;
  /// The connection had carried an exchange before.
  bool reused = false;
  std::error_code why;
};

/// What a failed try says of its worker.
enum class Blame {
  nobody,  ///< This machine's lack.
  idling,  ///< A kept connection had ended: nothing, unless a fresh one fails too.
  choice,  ///< The worker is alive, and not for this request.
  image,   ///< A close on the complete image: the image's fault if the worker still accepts.
  worker,  ///< Dead or useless.
};
Blame blame(const TryFailure& failure);

/// How a try is counted. `cut_short`: it was ended because nobody waited for it any longer.
TryEnd count_as(const std::variant<protocol::Result, TryFailure>& end, bool cut_short);

/// One image's way through the workers: what to do next, decided without I/O.
///
///     pick --> try --+-- result, or the image's fault --> finished
///               ^    +-- idle connection had ended -----> the same worker again, fresh
///               |    +-- closed after the image --------> probe --+-- accepts: the image's fault?
///               |    |                                            +-- doesn't: remove the worker
///               |    +-- busy, a lack of our own,
///               |    |   or another model --------------> leave the worker
///               |    +-- anything else -----------------> remove the worker
///               +--- the next worker that was not tried, until the image harmed two or none is left
///
/// A request that is slow is sent to one more worker meanwhile (the hedge): two tries are then under
/// way, each with its number, and the first answer wins. When one of them fails, the other is the
/// retry. The shell abandons what is still under way when the plan has finished.
///
/// An image harmed a worker that closed or died after it had got the whole of it; refused
/// connections, cuts before that, and time-outs don't count.
///
/// Not thread-safe; the list may be shared.
class DispatchPlan {
 public:
  /// Send the image to the worker, on a fresh connection if `fresh`. Numbers count from 0; a fresh
  /// try has the number of the one that it repeats.
  struct Try {
    std::size_t number = 0;
    Worker worker;
    bool fresh = false;
  };
  /// Find out if the worker of that try still accepts connections.
  struct Probe {
    std::size_t number = 0;
    Worker worker;
  };
  /// For what is under way.
  struct Wait {};
  struct Finished {
    std::variant<protocol::Recognition, Failure> end;
  };
  using Action = std::variant<Try, Probe, Wait, Finished>;

  /// `model` is what a worker must run, or empty; list and name must outlive the plan.
  explicit DispatchPlan(WorkerList& workers, Clock::time_point deadline = Clock::time_point::max(),
                        std::string_view model = {})
      : workers_(workers), deadline_(deadline), model_(model) {}

  Action start(Clock::time_point now);

  // What became of the try or probe of that number:
  Action on_result(std::size_t number, protocol::Result result, Clock::time_point now);
  Action on_failure(std::size_t number, const TryFailure& failure, Clock::time_point now);
  Action on_probe(std::size_t number, bool accepts, Clock::time_point now);

  /// The request is slow enough for a hedge. Only the first call may lead to one.
  Action on_slow(Clock::time_point now);

  /// The request's time has passed.
  static Action on_deadline() { return Finished{Failure{FailureReason::deadline, {}}}; }
  /// Nobody waits for the answer.
  static Action on_cancelled() { return Finished{Failure{FailureReason::cancelled, {}}}; }

  /// The worker that the last event removed, if it was this request that removed it.
  std::optional<Worker> removed() const { return removed_; }

 private:
  struct Attempt {
    Worker worker;
    bool under_way = true;
    bool retried_fresh = false;
  };

  std::optional<Action> try_another(Clock::time_point now);
  Action go_on(Clock::time_point now);
  Action give_up() const;
  bool any_under_way() const;
  void remove(const Worker& worker, Clock::time_point now);

  /// An image that harmed this many workers is at fault itself.
  static constexpr int harmed_max = 2;

  WorkerList& workers_;
  const Clock::time_point deadline_;
  const std::string_view model_;
  std::vector<Attempt> attempts_;  ///< By number.
  std::vector<WorkerId> tried_;
  std::optional<Worker> removed_;
  bool hedged_ = false;
  bool any_busy_ = false;
  bool no_resources_ = false;
  int closed_ = 0;  ///< Workers that closed on the image and still accept connections.
  int died_ = 0;    ///< Workers that died of it, or seem so.
};

}  // namespace samoyed::dispatcher
