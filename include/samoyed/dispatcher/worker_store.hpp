#pragma once

#include <vector>

#include "samoyed/protocol/address.hpp"

namespace samoyed::dispatcher {

/// Remembers the worker list beyond the dispatcher's process.
class WorkerStore {
 public:
  virtual ~WorkerStore() = default;

  /// What was saved last, in order; empty if nothing was. Throws std::runtime_error, with one line that
  /// says what to do, if something is there and can't be read.
  virtual std::vector<protocol::Address> load() = 0;

  /// Replaces what is saved: after a crash at any moment either the old or the new list is there.
  /// Throws std::system_error.
  virtual void save(const std::vector<protocol::Address>& addresses) = 0;
};

}  // namespace samoyed::dispatcher
