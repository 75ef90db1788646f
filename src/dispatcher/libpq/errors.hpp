#pragma once

#include <string>
#include <string_view>

#include "samoyed/dispatcher/history.hpp"

namespace samoyed::dispatcher::postgres {

/// The database can't do it at the moment: it can't be reached, it restarts, its disk is full, a
/// lock or the statement took too long. The same operation may succeed later.
class UnavailableError : public StorageError {
  using StorageError::StorageError;
};

/// The connection was lost. If that happened during a COMMIT, it may have been done.
class ConnectionLostError : public UnavailableError {
  using UnavailableError::UnavailableError;
};

/// A row with this key exists already.
class DuplicateError : public StorageError {
  using StorageError::StorageError;
};

/// Whether a connection isn't useful any more after an error with this SQLSTATE.
bool ends_connection(std::string_view state);

/// Throws the error for a failed statement. `state` is its SQLSTATE.
[[noreturn]] void throw_error(std::string_view state, const std::string& message);

}  // namespace samoyed::dispatcher::postgres
