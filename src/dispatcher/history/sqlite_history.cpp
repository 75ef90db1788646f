#include "dispatcher/history/sqlite_history.hpp"

#include <bit>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/this_coro.hpp>
#include <spdlog/spdlog.h>

#include "dispatcher/history/adoption_rows.hpp"
#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/removals.hpp"
#include "dispatcher/history/statistics_rows.hpp"

namespace samoyed::dispatcher {

SqliteHistory::SqliteHistory(DatabaseThread& writer, DatabaseThread& reader,
                             DatabaseThread& statistics_reader)
    : writer_(writer),
      reader_(reader),
      statistics_reader_(statistics_reader),
      statistics_([this](const HistoryStatisticsQuery& query) { return compute(query); }) {}

bool SqliteHistory::record(HistoryRow row) {
  row = within_limits(std::move(row));
  const std::size_t bytes = held_bytes(row);
  DatabaseThread::Task task{
      .run = [row = std::move(row)](Database& database) { insert_row(database, row); },
      .done = {},
      .durability = DatabaseThread::Durability::process_crash,
      .bytes = bytes,
      .persistent = true};
  if (writer_.post(std::move(task))) return true;
  const std::uint64_t count = ++dropped_;
  // Logged after 1, 2, 4, 8 and so on drops, so that a full queue doesn't flood the log.
  if (std::has_single_bit(count)) {
    spdlog::warn("dropped {} rows of the history because its disk is too slow", count);
  }
  return false;
}

asio::awaitable<HistoryPage> SqliteHistory::find(HistoryQuery query) {
  auto work = [query = std::move(query)](Database& database) { return find_rows(database, query); };
  auto page = co_await reader_.run(std::move(work));
  if (page.unreadable > 0) {
    unreadable_ += page.unreadable;
    spdlog::error("left out {} damaged rows of the history", page.unreadable);
  }
  co_return page;
}

asio::awaitable<std::optional<HistoryRow>> SqliteHistory::find_row(
    HistoryId id, std::optional<std::string> visitor) {
  auto work = [id, visitor = std::move(visitor)](Database& database) {
    return dispatcher::find_row(database, id, visitor, true);
  };
  co_return co_await reader_.run(std::move(work));
}

asio::awaitable<std::uint64_t> SqliteHistory::remove_all(std::string visitor) {
  if (visitor.empty()) co_return 0;
  constexpr auto power_loss = DatabaseThread::Durability::power_loss;
  // Results that are still coming from a former id must not come back.
  std::uint64_t adopted = adopted_rows_max;
  while (adopted == adopted_rows_max) {
    auto piece = [visitor](Database& database) {
      return resume_adoptions(database, adopted_rows_max, visitor);
    };
    adopted = co_await writer_.run(std::move(piece));
  }
  auto begin = [visitor = std::move(visitor)](Database& database) {
    return begin_removal(database, visitor);
  };
  const Removal removal = co_await writer_.run(std::move(begin), power_loss);
  std::uint64_t removed = removed_rows_max;
  while (removed == removed_rows_max) {
    auto piece = [removal](Database& database) {
      return continue_removal(database, removal, removed_rows_max);
    };
    removed = co_await writer_.run(std::move(piece));
  }
  auto end = [removal](Database& database) {
    end_removal(database, removal);
    return true;
  };
  // Deleted rows must not come back if the machine crashes. This syncs the pieces too.
  co_await writer_.run(std::move(end), power_loss);
  statistics_.forget();
  co_return removal.rows;
}

asio::awaitable<bool> SqliteHistory::adopt(std::string from, std::string to, Adopted adopted) {
  // Ids that nobody knows cost the writer nothing.
  auto look = [from, adopted](Database& database) { return can_adopt(database, from, adopted); };
  if (!co_await reader_.run(std::move(look))) co_return false;
  auto begin = [from, to = std::move(to), adopted](Database& database) {
    const bool begun = begin_adoption(database, from, to, adopted);
    if (begun) resume_adoptions(database, adopted_rows_max, to);
    return begun;
  };
  // The visitor gets a cookie for the new id, so the rows must not go back to the old one.
  const bool begun = co_await writer_.run(std::move(begin), DatabaseThread::Durability::power_loss);
  if (begun && !std::exchange(adopting_, true)) {
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, finish_adoptions(), asio::detached);
  }
  co_return begun;
}

asio::awaitable<void> SqliteHistory::finish_adoptions() {
  try {
    std::uint64_t moved = adopted_rows_max;
    while (moved == adopted_rows_max && !stopping_) {
      auto piece = [](Database& database) { return resume_adoptions(database, adopted_rows_max); };
      moved = co_await writer_.run(piece);
    }
  } catch (const StorageError& error) {
    spdlog::error("can't give all results to a visitor's new id, which is tried again: {}",
                  error.what());
  }
  adopting_ = false;
}

void SqliteHistory::confirm_adoption(std::string from) {
  DatabaseThread::Task task{
      .run = [from = std::move(from)](Database& database) { give_adoption(database, from); },
      .done = {},
      .durability = DatabaseThread::Durability::power_loss,
      .persistent = true};
  if (!writer_.post(std::move(task))) {
    spdlog::warn("couldn't record that a visitor got a new id, because the disk is too slow");
  }
}

asio::awaitable<HistoryStatistics> SqliteHistory::statistics(HistoryStatisticsQuery query) {
  return statistics_.ask(std::move(query));
}

asio::awaitable<HistoryStatistics> SqliteHistory::compute(HistoryStatisticsQuery query) {
  auto work = [query = std::move(query)](Database& database) {
    return find_statistics(database, query);
  };
  co_return co_await statistics_reader_.run(std::move(work));
}

}  // namespace samoyed::dispatcher
