#include "dispatcher/libpq/errors.hpp"

#include <algorithm>
#include <array>

namespace samoyed::dispatcher::postgres {
namespace {

constexpr std::string_view unique_violation = "23505";

/// Classes of states after which the same statement may succeed.
constexpr std::array passing_classes = {
    "40",  // Serialization failure, deadlock.
    "53",  // Too few resources, such as disk space, connections or memory.
    "55",  // Lock not available.
    "57",  // Canceled by a timeout or an operator, shutting down.
    "58",  // The system's error, such as a disk's.
};
/// The server is no longer the one to write to.
constexpr std::string_view read_only_transaction = "25006";
/// A migration has changed a table since a statement was prepared.
constexpr std::string_view feature_not_supported = "0A000";
constexpr std::string_view connection_class = "08";

}  // namespace

bool ends_connection(std::string_view state) {
  return state == read_only_transaction || state == feature_not_supported ||
         state.starts_with(connection_class);
}

void throw_error(std::string_view state, const std::string& message) {
  if (state == unique_violation) throw DuplicateError(message);
  if (ends_connection(state)) throw ConnectionLostError(message);
  const bool passing = std::ranges::any_of(
      passing_classes, [&](std::string_view passed) { return state.starts_with(passed); });
  if (passing) throw UnavailableError(message);
  throw StorageError(message);
}

}  // namespace samoyed::dispatcher::postgres
