#include "dispatcher/postgres/postgres_history.hpp"

#include <bit>
#include <utility>

#include <spdlog/spdlog.h>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/postgres/recognition_rows.hpp"
#include "dispatcher/postgres/removal_rows.hpp"
#include "dispatcher/postgres/statistics_query.hpp"

namespace samoyed::dispatcher::postgres {

PostgresHistory::PostgresHistory(RowWriter& writer, Pool& pool, Pool& statistics_pool)
    : writer_(writer),
      pool_(pool),
      statistics_pool_(statistics_pool),
      statistics_([this](const HistoryStatisticsQuery& query) { return compute(query); }) {}

bool PostgresHistory::record(HistoryRow row) {
  if (writer_.post(within_limits(std::move(row)))) return true;
  const std::uint64_t count = ++dropped_;
  // Logged after 1, 2, 4, 8 and so on drops, so that a full queue doesn't flood the log.
  if (std::has_single_bit(count)) {
    spdlog::warn("dropped {} rows of the history because the database is too slow", count);
  }
  return false;
}

asio::awaitable<HistoryPage> PostgresHistory::find(HistoryQuery query) {
  auto work = [query = std::move(query)](Connection& connection) {
    return find_rows(connection, query);
  };
  auto page = co_await pool_.run(std::move(work));
  if (page.unreadable > 0) {
    unreadable_ += page.unreadable;
    spdlog::error("left out {} damaged rows of the history", page.unreadable);
  }
  co_return page;
}

asio::awaitable<std::optional<HistoryRow>> PostgresHistory::find_row(
    HistoryId id, std::optional<std::string> visitor) {
  auto work = [id, visitor = std::move(visitor)](Connection& connection) {
    return postgres::find_row(connection, id, visitor, true);
  };
  co_return co_await pool_.run(std::move(work));
}

asio::awaitable<std::uint64_t> PostgresHistory::remove_all(std::string visitor) {
  if (visitor.empty()) co_return 0;
  // The writer begins it, after the rows that were recorded before.
  auto begin = [visitor = std::move(visitor)](Connection& connection) {
    return begin_removal(connection, visitor);
  };
  const Removal removal = co_await writer_.run(std::move(begin));
  bool more = true;
  while (more) {
    auto piece = [removal](Connection& connection) {
      return continue_removal(connection, removal);
    };
    more = co_await pool_.run(std::move(piece));
  }
  auto end = [removal](Connection& connection) {
    end_removal(connection, removal);
    return true;
  };
  co_await pool_.run(std::move(end));
  statistics_.forget();
  co_return removal.rows;
}

asio::awaitable<bool> PostgresHistory::adopt(std::string from, std::string to, Adopted adopted) {
  if (adopted == Adopted::unsigned_only) co_return false;
  auto look = [from](Connection& connection) { return has_rows_of(connection, from); };
  if (!co_await pool_.run(std::move(look))) co_return false;
  std::uint64_t moved = piece_rows_max;
  while (moved == piece_rows_max) {
    auto piece = [from, to](Connection& connection) { return adopt_rows(connection, from, to); };
    moved = co_await pool_.run(std::move(piece));
  }
  co_return true;
}

asio::awaitable<HistoryStatistics> PostgresHistory::statistics(HistoryStatisticsQuery query) {
  return statistics_.ask(std::move(query));
}

asio::awaitable<HistoryStatistics> PostgresHistory::compute(HistoryStatisticsQuery query) {
  auto work = [query = std::move(query)](Connection& connection) {
    return find_statistics(connection, query);
  };
  co_return co_await statistics_pool_.run(std::move(work));
}

}  // namespace samoyed::dispatcher::postgres
