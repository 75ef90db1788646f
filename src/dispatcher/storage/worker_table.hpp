#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <asio/awaitable.hpp>

#include "samoyed/dispatcher/worker_list.hpp"

namespace samoyed::dispatcher {

/// Something new that was said about an address.
struct ListingChange {
  protocol::Address address;
  /// std::nullopt: nothing is said about it any more.
  std::optional<Listing> listing;

  bool operator==(const ListingChange&) const = default;
};

/// The list of workers that several dispatchers share.
///
/// Thread rule: the same as for Storage.
class WorkerTable {
 public:
  virtual ~WorkerTable() = default;

  /// Writes the changes, in one transaction, and returns the whole list afterward. Changes that
  /// were written before do nothing. Throws StorageError; then the changes may have been written.
  virtual asio::awaitable<Listings> exchange(std::vector<ListingChange> changes) = 0;

  /// `call` is called when another dispatcher may have changed the list.
  virtual void on_changed(std::function<void()> call) = 0;
};

}  // namespace samoyed::dispatcher
