#pragma once

#include "dispatcher/libpq/connection.hpp"
#include "samoyed/dispatcher/history_statistics.hpp"

namespace samoyed::dispatcher::postgres {

/// Computes statistics of the newest `HistoryStatistics::rows_max` rows of the query's interval, on
/// the server. All percentiles are exact. Throws StorageError.
HistoryStatistics find_statistics(Connection& connection, const HistoryStatisticsQuery& query);

}  // namespace samoyed::dispatcher::postgres
