#pragma once

#include <memory>
#include <utility>

#include "dispatcher/worker_connection.hpp"

namespace samoyed::dispatcher {

/// One try at one worker, shared by the coroutine that carries it out and the request that waits for
/// it, which may stop waiting at any time.
///
/// Abandoned, it ends at once, for its connection is closed; but an exchange that was begun with a
/// reference server runs on to its end, because such a server spins for ever on a cut image.
///
/// Thread rule: the dispatcher's thread.
class Attempt {
 public:
  /// Nobody waits for it any more.
  void abandon() {
    abandoned_ = true;
    if (connection_ && !protected_) connection_->close();
  }
  bool abandoned() const { return abandoned_; }

  /// Nobody waits, and yet it was not cut short.
  bool runs_on() const { return abandoned_ && protected_; }

  /// What it does from now on, it does on this connection.
  void use(std::shared_ptr<WorkerConnection> connection) { connection_ = std::move(connection); }
  /// From here to its end the exchange must not be cut. Only for one that isn't abandoned.
  void protect() { protected_ = true; }
  void end() { connection_.reset(); }

 private:
  std::shared_ptr<WorkerConnection> connection_;
  bool abandoned_ = false;
  bool protected_ = false;
};

}  // namespace samoyed::dispatcher
