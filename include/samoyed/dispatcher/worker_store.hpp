#pragma once

#include <vector>

#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// Keeps the worker list across restarts of the dispatcher.
class WorkerStore {
 public:
  virtual ~WorkerStore() = default;

  /// Returns the list that was saved last, in order, or an empty one if none was saved. Throws
  /// std::runtime_error if the saved list can't be read; its one-line message says what to do.
  virtual std::vector<protocol::Address> load() = 0;

  /// Replaces the saved list. A crash at any moment leaves either the old or the new list intact.
  /// Throws std::system_error.
  virtual void save(const std::vector<protocol::Address>& addresses) = 0;
};

}  // namespace samoyed::dispatcher
