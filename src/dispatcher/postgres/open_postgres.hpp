#pragma once

#include <memory>

#include <asio/any_io_executor.hpp>

#include "dispatcher/storage/storage.hpp"

namespace samoyed::dispatcher::postgres {

/// Opens the database that `options.url` names. The executor's io_context must outlive the storage.
/// Throws std::runtime_error with one line that says what to do, for example if this program was
/// built without libpq.
std::unique_ptr<Storage> open_postgres(asio::any_io_executor executor,
                                       const StorageOptions& options);

}  // namespace samoyed::dispatcher::postgres
