#pragma once

#include <vector>

#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// Keeps the worker list across restarts of the dispatcher.
class WorkerStore {
 public:
  virtual ~WorkerStore() = default;

  /// The list that was saved last, in order; empty if none was saved. Throws std::runtime_error,
  /// with one line that says what to do, if the saved list can't be read.
  virtual std::vector<protocol::Address> load() = 0;

  /// Replaces the saved list. After a crash at any moment, either the old or the new list is there.
  /// Throws std::system_error.
  virtual void save(const std::vector<protocol::Address>& addresses) = 0;
};

}  // namespace samoyed::dispatcher
