#include "dispatcher/storage/storage.hpp"

#include <utility>

#include "dispatcher/storage/sqlite_storage.hpp"

namespace samoyed::dispatcher {

std::unique_ptr<Storage> open_storage(asio::any_io_executor executor,
                                      const StorageOptions& options) {
  if (options.folder.empty()) return nullptr;
  return std::make_unique<SqliteStorage>(std::move(executor), options);
}

}  // namespace samoyed::dispatcher
