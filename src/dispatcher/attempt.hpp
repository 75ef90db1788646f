#pragma once

#include <memory>
#include <utility>

#include "dispatcher/worker_connection.hpp"

namespace samoyed::dispatcher {

/// One attempt to have an image recognized by one worker. The coroutine that carries it out shares
/// it with the request that waits for it. The request may stop waiting at any time.
///
/// An abandoned attempt ends at once, because its connection is closed. Only an exchange with a
/// reference server runs to its end, because such a server loops forever on a truncated image.
///
/// Thread rule: the dispatcher's thread.
class Attempt {
 public:
  /// Call this when the request stops waiting for the attempt.
  void abandon() {
    abandoned_ = true;
    if (connection_ && !protected_) connection_->close();
  }
  bool abandoned() const { return abandoned_; }

  /// True if the attempt was abandoned but still runs to its end.
  bool runs_on() const { return abandoned_ && protected_; }

  /// Sets the connection that `abandon` closes.
  void use(std::shared_ptr<WorkerConnection> connection) { connection_ = std::move(connection); }
  /// Forbids interrupting the exchange from now on. Call this only if the attempt isn't abandoned.
  void protect() { protected_ = true; }
  void end() { connection_.reset(); }

 private:
  std::shared_ptr<WorkerConnection> connection_;
  bool abandoned_ = false;
  bool protected_ = false;
};

}  // namespace samoyed::dispatcher
