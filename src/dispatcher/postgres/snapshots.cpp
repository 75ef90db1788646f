#include "dispatcher/postgres/snapshots.hpp"

namespace samoyed::dispatcher::postgres {

std::chrono::milliseconds find_oldest_snapshot(Connection& connection) {
  const Result found = connection.run(
      "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) * 1000, 0)::bigint"
      " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND"
      " backend_type = 'client backend' AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)");
  return std::chrono::milliseconds(found.integer(0, 0));
}

}  // namespace samoyed::dispatcher::postgres
