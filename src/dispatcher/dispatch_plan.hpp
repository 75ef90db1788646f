#pragma once

#include <optional>
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
    no_resources,     ///< This machine lacks descriptors or memory: nothing is known of the worker.
    timed_out,        ///< A step's time passed.
    nonsense,         ///< The bytes were not what the protocol allows.
  };
  Kind kind;
  protocol::Progress progress = protocol::Progress::nothing_answered;
  /// The connection had carried an exchange before.
  bool reused = false;
  std::error_code why;
};

/// One image's way through the workers: what to do next, decided without I/O.
///
///     pick --> try --+-- result, or the image's fault --> finished
///               ^    +-- stale reused connection -------> the same worker again, fresh
///               |    +-- closed after the image --------> probe --+-- accepts: the image's fault?
///               |    |                                            +-- doesn't: remove the worker
///               |    +-- busy --------------------------> leave the worker
///               |    +-- anything else -----------------> remove the worker
///               +--- the next worker that was not tried, until two closed or none is left
///
/// Not thread-safe; the list may be shared.
class DispatchPlan {
 public:
  /// Send the image to the worker, on a fresh connection if `fresh`.
  struct Try {
    Worker worker;
    bool fresh = false;
  };
  /// Find out if the worker still accepts connections.
  struct Probe {
    Worker worker;
  };
  struct Finished {
    std::variant<protocol::Recognition, Failure> end;
  };
  using Action = std::variant<Try, Probe, Finished>;

  explicit DispatchPlan(WorkerList& workers) : workers_(workers) {}

  Action start();
  Action on_result(protocol::Result result);
  Action on_failure(const TryFailure& failure);
  Action on_probe(bool accepts);

  /// The worker that the last event removed, if it was this request that removed it.
  std::optional<Worker> removed() const { return removed_; }

 private:
  Action try_next();
  void remove_current();

  /// An image that this many workers closed their connection on is at fault itself.
  static constexpr int closes_max = 2;

  WorkerList& workers_;
  Worker current_;
  std::vector<WorkerId> tried_;
  std::optional<Worker> removed_;
  bool any_busy_ = false;
  bool retried_fresh_ = false;
  int closes_ = 0;
};

}  // namespace samoyed::dispatcher
