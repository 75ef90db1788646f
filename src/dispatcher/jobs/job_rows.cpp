#include "dispatcher/jobs/job_rows.hpp"

#include "dispatcher/history/history_rows.hpp"

namespace samoyed::dispatcher {
namespace {

/// Longer than the longest pause of a job that was put back.
constexpr std::int64_t due_later_max_ms = 120000;

constexpr auto waiting = static_cast<std::int64_t>(JobState::waiting);
constexpr auto running = static_cast<std::int64_t>(JobState::running);
constexpr auto done = static_cast<std::int64_t>(JobState::done);
constexpr auto failed = static_cast<std::int64_t>(JobState::failed);
// The schema's indexes use these numbers.
static_assert(waiting == 0 && running == 1 && done == 2 && failed == 3);

const std::string select_job =
    "SELECT id, state, submitted_ms, changed_ms, file_name, image_bytes, attempts, reason, detail,"
    " recognition, visitor, client, request_id, top, model, thumbnail_side, claims,"
    " turn FROM job ";

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
          .thumbnail_side = optional_integer(rows, 15),
          .turn = rows.integer(17)};
}

/// Returns the job if `token` holds its current claim.
std::optional<EndedJob> find_claimed(Database& database, const ClaimToken& token) {
  auto rows = database.prepare(
      "SELECT image_bytes, client FROM job"
      " WHERE id = ? AND state = 1 AND owner = ? AND claims = ?");
  rows.bind(token.job_id).bind(token.owner).bind(token.attempt);
  if (!rows.step()) return std::nullopt;
  return EndedJob{.state_before = JobState::running,
                  .image_bytes = static_cast<std::uint64_t>(rows.integer(0)),
                  .client = rows.text(1)};
}

/// The visitor may have got another id since the job was claimed.
std::string visitor_of(Database& database, const std::string& id) {
  auto rows = database.prepare("SELECT visitor FROM job WHERE id = ?");
  return rows.bind(id).step() ? rows.text(0) : std::string();
}

void set_failed(Database& database, const std::string& id, const JobError& error,
                std::int64_t now_ms) {
  database.prepare("UPDATE job SET state = 3, changed_ms = ?, reason = ?, detail = ? WHERE id = ?")
      .bind(now_ms)
      .bind(error.reason)
      .bind(error.detail)
      .bind(id)
      .run();
}

}  // namespace

void insert_job(Database& database, const JobRow& row) {
  auto statement = database.prepare(
      "INSERT INTO job (id, state, submitted_ms, changed_ms, due_ms, visitor, client, request_id,"
      " file_name, image_bytes, model, attempts, reason, detail, turn, top, thumbnail_side)"
      " VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', '', ?, ?, ?)");
  const std::int64_t now_ms = row.job.submitted_ms;
  statement.bind(row.job.id).bind(now_ms).bind(now_ms).bind(now_ms);
  statement.bind(cut_text(row.visitor)).bind(cut_text(row.client)).bind(cut_text(row.request_id));
  statement.bind(cut_text(row.job.file_name));
  statement.bind(static_cast<std::int64_t>(row.job.image_bytes));
  statement.bind(cut_text(row.model));
  statement.bind(row.turn);
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

std::string due_jobs_query() {
  return select_job +
         "WHERE state = 0 AND (due_ms <= ? OR due_ms > ?) ORDER BY turn, number LIMIT ?";
}

ClaimedJobs claim_jobs(Database& database, const std::string& owner, std::int64_t now_ms,
                       std::size_t count, std::uint64_t bytes_max) {
  ClaimedJobs claimed;
  auto rows = database.prepare(due_jobs_query());
  rows.bind(now_ms).bind(now_ms + due_later_max_ms).bind(static_cast<std::int64_t>(count));
  std::uint64_t bytes = 0;
  while (rows.step()) {
    JobRow row = read_job_row(rows);
    bytes += row.job.image_bytes;
    if (bytes > bytes_max && !claimed.jobs.empty()) break;
    const ClaimToken token{.job_id = row.job.id, .owner = owner, .attempt = rows.integer(16) + 1};
    claimed.jobs.push_back({.row = std::move(row), .token = token});
  }
  for (ClaimedJob& job : claimed.jobs) {
    job.row.job.state = JobState::running;
    job.row.job.changed_ms = now_ms;
    ++job.row.job.attempts;
    database
        .prepare(
            "UPDATE job SET state = 1, changed_ms = ?, attempts = attempts + 1, owner = ?,"
            " claims = ? WHERE id = ?")
        .bind(now_ms)
        .bind(job.token.owner)
        .bind(job.token.attempt)
        .bind(job.token.job_id)
        .run();
  }
  auto next = database.prepare("SELECT min(due_ms) FROM job WHERE state = 0");
  if (next.step() && !next.is_null(0)) claimed.next_due_ms = next.integer(0);
  return claimed;
}

bool put_back_job(Database& database, const ClaimToken& token, const JobRetry& retry,
                  std::int64_t now_ms) {
  if (!find_claimed(database, token)) return false;
  database
      .prepare(
          "UPDATE job SET state = 0, changed_ms = ?, due_ms = ?, attempts = attempts - ?,"
          " reason = ?, detail = ? WHERE id = ?")
      .bind(now_ms)
      .bind(now_ms + retry.pause.count())
      .bind(std::int64_t{retry.counted ? 0 : 1})
      .bind(retry.error.reason)
      .bind(retry.error.detail)
      .bind(token.job_id)
      .run();
  return true;
}

std::optional<EndedJob> fail_job(Database& database, const ClaimToken& token, const JobError& error,
                                 std::int64_t now_ms) {
  const auto ended = find_claimed(database, token);
  if (ended) set_failed(database, token.job_id, error, now_ms);
  return ended;
}

std::optional<EndedJob> finish_job(Database& database, const ClaimToken& token,
                                   const HistoryRow& result, std::int64_t now_ms,
                                   const std::function<void()>& on_inserted) {
  const auto ended = find_claimed(database, token);
  if (!ended) return std::nullopt;
  HistoryRow row = result;
  row.visitor = visitor_of(database, token.job_id);
  const HistoryId recognition = insert_row(database, row);
  on_inserted();
  database
      .prepare(
          "UPDATE job SET state = 2, changed_ms = ?, reason = '', detail = '', recognition = ?"
          " WHERE id = ?")
      .bind(now_ms)
      .bind(recognition)
      .bind(token.job_id)
      .run();
  return ended;
}

std::optional<EndedJob> fail_unfinished_job(Database& database, const std::string& id,
                                            const JobError& error, std::int64_t now_ms) {
  auto rows =
      database.prepare("SELECT state, image_bytes, client FROM job WHERE id = ? AND state < 2");
  rows.bind(id);
  if (!rows.step()) return std::nullopt;
  const EndedJob ended{.state_before = static_cast<JobState>(rows.integer(0)),
                       .image_bytes = static_cast<std::uint64_t>(rows.integer(1)),
                       .client = rows.text(2)};
  set_failed(database, id, error, now_ms);
  return ended;
}

std::int64_t newest_finished_ms(Database& database) {
  auto row = database.prepare("SELECT max(changed_ms) FROM job WHERE state >= 2");
  return row.step() && !row.is_null(0) ? row.integer(0) : 0;
}

std::optional<std::int64_t> oldest_waiting_ms(Database& database) {
  auto row = database.prepare("SELECT min(submitted_ms) FROM job WHERE state = 0");
  if (!row.step() || row.is_null(0)) return std::nullopt;
  return row.integer(0);
}

std::uint64_t finished_jobs(Database& database) {
  auto row = database.prepare("SELECT count(*) FROM job WHERE state >= 2");
  return row.step() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
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
