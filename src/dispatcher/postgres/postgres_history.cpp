#include "dispatcher/postgres/postgres_history.hpp"

#include <bit>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/this_coro.hpp>
#include <spdlog/spdlog.h>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/postgres/adoption_rows.hpp"
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
  // Results that are still coming from a former id must not come back.
  bool adopting = true;
  while (adopting) {
    auto piece = [visitor](Connection& connection) {
      return continue_adoptions(connection, visitor);
    };
    adopting = co_await pool_.run(std::move(piece));
  }
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
  statistics_.forget();
  co_return removal.rows;
}

asio::awaitable<bool> PostgresHistory::adopt(std::string from, std::string to, Adopted adopted) {
  if (adopted == Adopted::unsigned_only) co_return false;
  // Ids that nobody knows cost the writer nothing.
  auto look = [from](Connection& connection) { return can_adopt(connection, from); };
  if (!co_await pool_.run(std::move(look))) co_return false;
  // The writer begins it, after the rows that were recorded before.
  auto begin = [from, to = std::move(to)](Connection& connection) {
    return begin_adoption(connection, from, to);
  };
  const bool begun = co_await writer_.run(std::move(begin));
  if (begun && !std::exchange(adopting_, true)) {
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, finish_adoptions(), asio::detached);
  }
  co_return begun;
}

asio::awaitable<void> PostgresHistory::finish_adoptions() {
  try {
    co_await resume_adoptions();
  } catch (const StorageError& error) {
    spdlog::error("can't give all results to a visitor's new id, which is tried again: {}",
                  error.what());
  }
  adopting_ = false;
}

void PostgresHistory::confirm_adoption(std::string from) {
  if (!writer_.post(ConfirmedAdoption{std::move(from)})) {
    spdlog::warn("couldn't record that a visitor got a new id, because the database is too slow");
  }
}

asio::awaitable<void> PostgresHistory::resume_removals() {
  while (!stopping_) {
    const auto removal = co_await pool_.run(take_abandoned_removal);
    if (!removal) break;
    auto piece = [removal](Connection& connection) {
      return continue_removal(connection, *removal);
    };
    bool more = true;
    while (more && !stopping_) more = co_await pool_.run(piece);
  }
}

asio::awaitable<void> PostgresHistory::resume_adoptions() {
  auto piece = [](Connection& connection) { return continue_adoptions(connection); };
  bool more = true;
  while (more && !stopping_) more = co_await pool_.run(piece);
  auto forget = [](Connection& connection) {
    forget_adoptions(connection);
    return true;
  };
  co_await pool_.run(std::move(forget));
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
