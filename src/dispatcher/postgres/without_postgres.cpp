#include <stdexcept>

#include "dispatcher/postgres/open_postgres.hpp"

namespace samoyed::dispatcher::postgres {

std::unique_ptr<Storage> open_postgres(asio::any_io_executor, const StorageOptions&) {
  throw std::runtime_error(
      "this samoyed-dispatcher was built without PostgreSQL: install libpq-dev and build it again, "
      "or use --data-dir");
}

}  // namespace samoyed::dispatcher::postgres
