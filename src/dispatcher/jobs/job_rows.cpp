#include "dispatcher/jobs/job_rows.hpp"

#include "dispatcher/history/history_rows.hpp"

namespace samoyed::dispatcher {
namespace {

/// Above the longest pause of a job that was put back.
constexpr std::int64_t due_later_max_ms = 120000;

constexpr auto waiting = static_cast<std::int64_t>(JobState::waiting);
constexpr auto running = static_cast<std::int64_t>(JobState::running);
constexpr auto done = static_cast<std::int64_t>(JobState::done);
constexpr auto failed = static_cast<std::int64_t>(JobState::failed);
// The schema's indexes say these numbers.
static_assert(waiting == 0 && running == 1 && done == 2 && failed == 3);

const std::string select_job =
    "SELECT id, state, submitted_ms, changed_ms, file_name, image_bytes, attempts, reason, detail,"
    " recognition, visitor, client, request_id, top, model, thumbnail_side FROM job ";

std::optional<int> optional_integer(const Statement& rows, int column) {
  if (rows.is_null(column)) return std::nullopt;
  return static_cast<int>(rows.integer(column));
}

void bind_optional(Statement& statement, std::optional<int> value) {
  if (value) {
    statement.bind(std::int64_t{*value});
  } else {
    statement.bind_null();
  }
}

JobRow read_job_row(const Statement& rows) {
  return {.job = {.id = rows.text(0),
                  .state = static_cast<JobState>(rows.integer(1)),
                  .submitted_ms = rows.integer(2),
                  .changed_ms = rows.integer(3),
                  .file_name = rows.text(4),
                  .image_bytes = static_cast<std::uint64_t>(rows.integer(5)),
                  .attempts = static_cast<int>(rows.integer(6)),
                  .reason = rows.text(7),
                  .detail = rows.text(8),
                  .result = {}},
          .visitor = rows.text(10),
          .client = rows.text(11),
          .request_id = rows.text(12),
          .top = optional_integer(rows, 13),
          .model = rows.text(14),
          .thumbnail_side = optional_integer(rows, 15)};
}

}  // namespace

void insert_job(Database& database, const JobRow& row) {
  auto statement = database.prepare(
      "INSERT INTO job (id, state, submitted_ms, changed_ms, due_ms, visitor, client, request_id,"
      " file_name, image_bytes, model, attempts, reason, detail, top, thumbnail_side)"
      " VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', '', ?, ?)");
  const std::int64_t now_ms = row.job.submitted_ms;
  statement.bind(row.job.id).bind(now_ms).bind(now_ms).bind(now_ms);
  statement.bind(cut_text(row.visitor)).bind(cut_text(row.client)).bind(cut_text(row.request_id));
  statement.bind(cut_text(row.job.file_name));
  statement.bind(static_cast<std::int64_t>(row.job.image_bytes));
  statement.bind(cut_text(row.model));
  bind_optional(statement, row.top);
  bind_optional(statement, row.thumbnail_side);
  statement.run();
}

std::optional<Job> find_job(Database& database, const std::string& id) {
  auto rows = database.prepare(select_job + "WHERE id = ?");
  rows.bind(id);
  if (!rows.step()) return std::nullopt;
  Job job = read_job_row(rows).job;
  if (!rows.is_null(9)) job.result = find_row(database, rows.integer(9), std::nullopt, false);
  return job;
}

ClaimedJobs claim_jobs(Database& database, std::int64_t now_ms, std::size_t count,
                       std::uint64_t bytes_max) {
  ClaimedJobs claimed;
  auto rows = database.prepare(select_job +
                               "WHERE state = 0 AND (due_ms <= ? OR due_ms > ?)"
                               " ORDER BY due_ms, number LIMIT ?");
  rows.bind(now_ms).bind(now_ms + due_later_max_ms).bind(static_cast<std::int64_t>(count));
  std::uint64_t bytes = 0;
  while (rows.step()) {
    JobRow row = read_job_row(rows);
    bytes += row.job.image_bytes;
    if (bytes > bytes_max && !claimed.rows.empty()) break;
    claimed.rows.push_back(std::move(row));
  }
  for (JobRow& row : claimed.rows) {
    row.job.state = JobState::running;
    row.job.changed_ms = now_ms;
    ++row.job.attempts;
    database
        .prepare("UPDATE job SET state = 1, changed_ms = ?, attempts = attempts + 1 WHERE id = ?")
        .bind(now_ms)
        .bind(row.job.id)
        .run();
  }
  auto next = database.prepare("SELECT min(due_ms) FROM job WHERE state = 0");
  if (next.step() && !next.is_null(0)) claimed.next_due_ms = next.integer(0);
  return claimed;
}

bool put_back_job(Database& database, const Job& job, std::int64_t now_ms, std::int64_t due_ms) {
  database
      .prepare(
          "UPDATE job SET state = 0, changed_ms = ?, due_ms = ?, attempts = ?, reason = ?,"
          " detail = ? WHERE id = ? AND state = 1")
      .bind(now_ms)
      .bind(due_ms)
      .bind(std::int64_t{job.attempts})
      .bind(job.reason)
      .bind(job.detail)
      .bind(job.id)
      .run();
  return database.changes() == 1;
}

std::optional<JobState> fail_job(Database& database, const Job& job, std::int64_t now_ms) {
  auto rows = database.prepare("SELECT state FROM job WHERE id = ? AND state < 2");
  rows.bind(job.id);
  if (!rows.step()) return std::nullopt;
  const auto before = static_cast<JobState>(rows.integer(0));
  database.prepare("UPDATE job SET state = 3, changed_ms = ?, reason = ?, detail = ? WHERE id = ?")
      .bind(now_ms)
      .bind(job.reason)
      .bind(job.detail)
      .bind(job.id)
      .run();
  return before;
}

bool finish_job(Database& database, const std::string& id, const HistoryRow& result,
                std::int64_t now_ms, const std::function<void()>& on_inserted) {
  auto rows = database.prepare("SELECT 1 FROM job WHERE id = ? AND state = 1");
  rows.bind(id);
  if (!rows.step()) return false;
  const HistoryId recognition = insert_row(database, result);
  on_inserted();
  database
      .prepare(
          "UPDATE job SET state = 2, changed_ms = ?, reason = '', detail = '', recognition = ?"
          " WHERE id = ?")
      .bind(now_ms)
      .bind(recognition)
      .bind(id)
      .run();
  return true;
}

std::uint64_t remove_finished_jobs(Database& database, std::int64_t before_ms, std::size_t count) {
  database
      .prepare(
          "DELETE FROM job WHERE number IN"
          " (SELECT number FROM job WHERE state >= 2 AND changed_ms < ? LIMIT ?)")
      .bind(before_ms)
      .bind(static_cast<std::int64_t>(count))
      .run();
  return database.changes();
}

std::vector<JobRow> unfinished_jobs(Database& database) {
  std::vector<JobRow> found;
  auto rows = database.prepare(select_job + "WHERE state < 2");
  while (rows.step()) found.push_back(read_job_row(rows));
  return found;
}

void wait_again(Database& database) {
  database.execute("UPDATE job SET state = 0, due_ms = 0 WHERE state = 1");
}

}  // namespace samoyed::dispatcher
