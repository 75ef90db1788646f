#include "dispatcher/history/old_rows.hpp"

#include <algorithm>
#include <vector>

#include "dispatcher/history/statistics_rows.hpp"
#include "samoyed/dispatcher/history.hpp"

namespace samoyed::dispatcher {

std::uint64_t remove_old_rows(Database& database, std::int64_t before_ms, std::uint64_t rows_max,
                              std::size_t count) {
  // Counts the rows only if the range of ids, which has gaps, shows that there may be too many.
  std::int64_t excess = 0;
  auto ids = database.prepare(
      "SELECT (SELECT max(id) FROM recognition) - (SELECT min(id) FROM recognition)");
  if (ids.step() && static_cast<std::uint64_t>(ids.integer(0)) >= rows_max) {
    auto rows = database.prepare("SELECT count(*) FROM recognition");
    if (rows.step()) excess = rows.integer(0) - static_cast<std::int64_t>(rows_max);
  }
  const auto most = static_cast<std::int64_t>(count);
  std::vector<HistoryId> old;
  auto by_age = database.prepare("SELECT id FROM recognition WHERE time_ms < ? LIMIT ?");
  by_age.bind(before_ms).bind(most);
  while (by_age.step()) old.push_back(by_age.integer(0));
  if (std::ssize(old) < std::min(excess, most)) {
    old.clear();
    auto by_count = database.prepare("SELECT id FROM recognition ORDER BY id LIMIT ?");
    by_count.bind(std::min(excess, most));
    while (by_count.step()) old.push_back(by_count.integer(0));
  }
  remove_rows(database, old);
  return old.size();
}

std::int64_t newest_row_ms(Database& database) {
  auto row = database.prepare("SELECT max(time_ms) FROM recognition");
  return row.step() && !row.is_null(0) ? row.integer(0) : 0;
}

std::uint64_t rows_at_most(Database& database) {
  auto ids = database.prepare(
      "SELECT (SELECT max(id) FROM recognition) - (SELECT min(id) FROM recognition) + 1");
  return ids.step() ? static_cast<std::uint64_t>(ids.integer(0)) : 0;
}

}  // namespace samoyed::dispatcher
