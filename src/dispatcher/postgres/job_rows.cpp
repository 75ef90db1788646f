#include "dispatcher/postgres/job_rows.hpp"

#include <algorithm>
#include <utility>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/postgres/recognition_rows.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

// The schema's indexes use these numbers.
static_assert(static_cast<int>(JobState::waiting) == 0 && static_cast<int>(JobState::running) == 1);
static_assert(static_cast<int>(JobState::done) == 2 && static_cast<int>(JobState::failed) == 3);

const std::string claimed = "id = $1 AND state = 1 AND owner = $2 AND claims = $3";

Params token_params(const ClaimToken& token) {
  return Params().add(token.job_id).add(token.owner).add(token.attempt);
}

/// Moves the jobs that `condition` selects to the failed ones, with the reason and detail.
std::string fail_sql(const std::string& condition, const std::string& reason,
                     const std::string& detail) {
  return "WITH gone AS (DELETE FROM job WHERE " + condition +
         " RETURNING *), images AS (DELETE FROM job_image USING gone"
         " WHERE job_image.id = gone.id), ended AS (INSERT INTO job_end (number, id, state,"
         " owner, claims, attempts, submitted_ms, changed_ms, visitor, file_name, image_bytes,"
         " reason, detail) SELECT number, id, 3, owner, claims, attempts, submitted_ms, now_ms(),"
         " visitor, file_name, image_bytes, " +
         reason + ", " + detail + " FROM gone) SELECT image_bytes, state, client FROM gone";
}

std::optional<std::uint64_t> image_bytes_of(const Result& rows) {
  if (rows.rows() == 0) return std::nullopt;
  return static_cast<std::uint64_t>(rows.integer(0, 0));
}

std::optional<int> optional_integer(const Result& rows, int row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return static_cast<int>(rows.integer(row, column));
}

ClaimedJob read_claimed(const Result& rows, int row, const std::string& owner) {
  ClaimedJob claimed_job;
  claimed_job.row = {.job = {.id = rows.text(row, 0),
                             .state = JobState::running,
                             .submitted_ms = rows.integer(row, 2),
                             .changed_ms = rows.integer(row, 3),
                             .file_name = rows.text(row, 4),
                             .image_bytes = static_cast<std::uint64_t>(rows.integer(row, 5)),
                             .attempts = static_cast<int>(rows.integer(row, 6)),
                             .reason = rows.text(row, 7),
                             .detail = rows.text(row, 8),
                             .result = {}},
                     .visitor = rows.text(row, 9),
                     .client = rows.text(row, 10),
                     .request_id = rows.text(row, 11),
                     .top = optional_integer(rows, row, 12),
                     .model = rows.text(row, 13),
                     .thumbnail_side = optional_integer(rows, row, 14),
                     .turn = rows.integer(row, 16)};
  claimed_job.token = {
      .job_id = rows.text(row, 0), .owner = owner, .attempt = rows.integer(row, 1)};
  claimed_job.suspect_ends = static_cast<int>(rows.integer(row, 15));
  return claimed_job;
}

const std::string claim_order = "ORDER BY turn, number";

/// Metadata only: an image is read when its attempt begins.
const std::string claim_sql =
    "WITH due AS MATERIALIZED (SELECT number, turn, image_bytes FROM job WHERE state = 0 AND"
    " due_ms <= now_ms() " +
    claim_order +
    " LIMIT $2 FOR UPDATE SKIP LOCKED), counted AS (SELECT number, row_number() OVER before AS"
    " place, sum(image_bytes) OVER before AS bytes FROM due WINDOW before AS (" +
    claim_order +
    ")), taken AS (SELECT number, place FROM counted WHERE place = 1 OR bytes <= $3), claimed AS "
    "(UPDATE job SET state = 1,"
    " owner = $1, claims = claims + 1, attempts = attempts + 1, changed_ms = now_ms() FROM taken"
    " WHERE job.number = taken.number RETURNING taken.place, job.*) SELECT id, claims,"
    " submitted_ms, changed_ms, file_name, image_bytes, attempts, reason, detail, visitor, client,"
    " request_id, top, model, thumbnail_side, suspect_ends, turn FROM claimed ORDER BY place";

/// Runs a statement that ends a claim. A job that was inserted again after its end, because it
/// wasn't known that the first insertion was committed, is discarded: each job ends once.
Result run_end(Connection& connection, const std::string& sql, const Params& params,
               const ClaimToken& token) {
  try {
    return connection.run(sql, params);
  } catch (const DuplicateError&) {
    return connection.run(
        "WITH gone AS (DELETE FROM job WHERE " + claimed +
            " RETURNING id) DELETE FROM job_image USING gone WHERE job_image.id = gone.id",
        token_params(token));
  }
}

bool was_finished(Connection& connection, const ClaimToken& token) {
  return connection
             .run(
                 "SELECT 1 FROM job_end WHERE id = $1 AND state = 2 AND owner = $2 AND claims = $3",
                 token_params(token))
             .rows() > 0;
}

}  // namespace

void insert_image(Connection& connection, const std::string& id, std::string_view bytes) {
  connection.run(
      "INSERT INTO job_image (id, stored_ms, bytes) VALUES ($1, now_ms(), $2::bytea)"
      " ON CONFLICT DO NOTHING",
      Params().add(id).add_bytes(bytes));
}

void insert_jobs(Connection& connection, const std::vector<JobRow>& rows,
                 const std::vector<JobImage>& images, Insertion insertion) {
  static const std::string sql =
      "WITH added AS (INSERT INTO job (id, state, due_ms, owner, claims, attempts, suspect_ends,"
      " submitted_ms, changed_ms, visitor, client, request_id, file_name, image_bytes, top, model,"
      " thumbnail_side, turn, reason, detail) SELECT $1::text, 0, now_ms(), '', 0, 0, 0, now_ms(),"
      " now_ms(), $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::integer, $8::text,"
      " $9::integer, $11::bigint, '', '' WHERE NOT EXISTS (SELECT FROM job_end WHERE id = $1)"
      " ON CONFLICT DO NOTHING RETURNING id)"
      " INSERT INTO job_image (id, stored_ms, bytes) SELECT id, now_ms(), $10::bytea FROM added"
      " WHERE $10 IS NOT NULL";
  Transaction transaction(connection);
  for (std::size_t index = 0; index < rows.size(); ++index) {
    const JobRow& row = rows[index];
    Params params;
    params.add(row.job.id)
        .add(cut_text(row.visitor))
        .add(cut_text(row.client))
        .add(cut_text(row.request_id))
        .add(cut_text(row.job.file_name))
        .add(static_cast<std::int64_t>(row.job.image_bytes))
        .add(row.top)
        .add(cut_text(row.model))
        .add(row.thumbnail_side);
    if (images[index].read) {
      params.add_null();
    } else {
      params.add_bytes(images[index].bytes);
    }
    params.add(row.turn);
    connection.run(sql, params);
  }
  if (insertion == Insertion::repeated) {
    // The COMMIT of a transaction that writes nothing doesn't wait for the standby.
    connection.run("SELECT pg_logical_emit_message(true, 'samoyed', '')");
  }
  transaction.commit();
}

void remove_images(Connection& connection, const std::vector<JobRow>& rows) {
  std::vector<std::string> ids;
  for (const JobRow& row : rows) ids.push_back(row.job.id);
  connection.run(
      "DELETE FROM job_image WHERE id = ANY($1::text[]) AND NOT EXISTS (SELECT FROM job WHERE"
      " job.id = job_image.id)",
      Params().add_array(ids));
}

std::optional<Job> find_job(Connection& connection, const std::string& id) {
  const Result found = connection.run(
      "SELECT state, submitted_ms, changed_ms, file_name, image_bytes, attempts, reason, detail,"
      " NULL::bigint FROM job WHERE id = $1 UNION ALL SELECT state, submitted_ms, changed_ms,"
      " file_name, image_bytes, attempts, reason, detail, recognition FROM job_end WHERE id = $1",
      Params().add(id));
  if (found.rows() == 0) return std::nullopt;
  Job job{.id = id,
          .state = static_cast<JobState>(found.integer(0, 0)),
          .submitted_ms = found.integer(0, 1),
          .changed_ms = found.integer(0, 2),
          .file_name = found.text(0, 3),
          .image_bytes = static_cast<std::uint64_t>(found.integer(0, 4)),
          .attempts = static_cast<int>(found.integer(0, 5)),
          .reason = found.text(0, 6),
          .detail = found.text(0, 7),
          .result = {}};
  if (!found.is_null(0, 8)) {
    job.result = find_row(connection, found.integer(0, 8), std::nullopt, false);
  }
  return job;
}

ClaimedJobs claim_jobs(Connection& connection, const std::string& owner, std::size_t count,
                       std::uint64_t bytes_max) {
  Params params;
  params.add(owner).add(static_cast<std::int64_t>(count)).add(static_cast<std::int64_t>(bytes_max));
  const Result rows = connection.run(claim_sql, params);
  ClaimedJobs found;
  for (int row = 0; row < rows.rows(); ++row) found.jobs.push_back(read_claimed(rows, row, owner));
  if (found.jobs.size() == count) return found;
  const Result next = connection.run("SELECT min(due_ms) - now_ms() FROM job WHERE state = 0");
  if (!next.is_null(0, 0)) found.next_due_ms = io::wall_clock_ms() + next.integer(0, 0);
  return found;
}

std::optional<std::string> find_image(Connection& connection, const std::string& id) {
  const Result found = connection.run("SELECT bytes FROM job_image WHERE id = $1", Params().add(id),
                                      Connection::Format::binary);
  if (found.rows() == 0) return std::nullopt;
  return found.text(0, 0);
}

std::optional<std::uint64_t> finish_job(Connection& connection, const ClaimToken& token,
                                        const HistoryRow& result) {
  static const std::string sql =
      "WITH gone AS (DELETE FROM job WHERE " + claimed +
      " RETURNING *), images AS (DELETE FROM job_image USING gone"
      " WHERE job_image.id = gone.id), added AS (INSERT INTO recognition (" +
      recognition_columns + ", visitor) SELECT " + recognition_values(5) +
      // The visitor may have got another id since the job was claimed.
      ", visitor FROM gone RETURNING id), thumbnails AS (INSERT INTO thumbnail SELECT id,"
      " $4::bytea FROM added WHERE $4 IS NOT NULL), ended AS (INSERT INTO job_end (number, id,"
      " state, owner, claims, attempts, submitted_ms, changed_ms, visitor, file_name, image_bytes,"
      " reason, detail, recognition) SELECT number, gone.id, 2, owner, claims, attempts,"
      " submitted_ms, now_ms(), visitor, file_name, image_bytes, '', '', added.id"
      " FROM gone, added) SELECT image_bytes FROM gone";
  Params params = token_params(token);
  if (result.thumbnail.empty()) {
    params.add_null();
  } else {
    params.add_bytes(result.thumbnail);
  }
  add_recognition(params, result);
  if (const auto ended = image_bytes_of(run_end(connection, sql, params, token))) return ended;
  if (was_finished(connection, token)) return 0;
  return std::nullopt;
}

std::optional<std::uint64_t> fail_job(Connection& connection, const ClaimToken& token,
                                      const JobError& error) {
  static const std::string sql = fail_sql(claimed, "$4::text", "$5::text");
  Params params = token_params(token);
  params.add(error.reason).add(error.detail);
  return image_bytes_of(run_end(connection, sql, params, token));
}

std::optional<std::uint64_t> put_back_job(Connection& connection, const ClaimToken& token,
                                          const JobRetry& retry) {
  static const std::string sql =
      "UPDATE job SET state = 0, owner = '', changed_ms = now_ms(), due_ms = now_ms() + $4,"
      " attempts = attempts - $5, suspect_ends = suspect_ends + $6, reason = $7, detail = $8"
      " WHERE " +
      claimed + " RETURNING image_bytes";
  Params params = token_params(token);
  params.add(std::int64_t{retry.pause.count()})
      .add(std::int64_t{retry.counted ? 0 : 1})
      .add(std::int64_t{retry.suspect ? 1 : 0})
      .add(retry.error.reason)
      .add(retry.error.detail);
  return image_bytes_of(connection.run(sql, params));
}

bool is_fenced_off(Connection& connection, const ClaimToken& token) {
  return connection
             .run(
                 "SELECT 1 FROM job_end WHERE id = $1 AND"
                 " (reason = 'cancelled' OR (owner = $2 AND claims = $3))",
                 token_params(token))
             .rows() == 0;
}

std::optional<CanceledJob> cancel_job(Connection& connection, const std::string& id) {
  static const std::string sql = fail_sql("id = $1", "'cancelled'", "'The job was canceled.'");
  const Result rows = connection.run(sql, Params().add(id));
  if (rows.rows() == 0) return std::nullopt;
  return CanceledJob{.was_running = rows.integer(0, 1) == 1,
                     .image_bytes = static_cast<std::uint64_t>(rows.integer(0, 0)),
                     .client = rows.text(0, 2)};
}

UnfinishedJobs find_unfinished(Connection& connection) {
  const Result found = connection.run(
      "SELECT client, count(*), coalesce(sum(image_bytes), 0)::bigint, max(turn),"
      " count(*) FILTER (WHERE state = 1), coalesce(max(turn) FILTER (WHERE claims > 0), 0),"
      " min(turn) FILTER (WHERE claims = 0),"
      " now_ms() - min(submitted_ms) FILTER (WHERE state = 0) FROM job GROUP BY client");
  Jobs::Load load;
  std::vector<ClientJobs::Sum> sums;
  std::int64_t claimed_turn = 0;
  std::optional<std::int64_t> next_turn;
  std::optional<std::chrono::milliseconds> oldest_waiting;
  for (int row = 0; row < found.rows(); ++row) {
    const auto images = static_cast<std::size_t>(found.integer(row, 1));
    const auto bytes = static_cast<std::uint64_t>(found.integer(row, 2));
    const auto running = static_cast<std::size_t>(found.integer(row, 4));
    load.waiting += images - running;
    load.running += running;
    load.bytes += bytes;
    sums.push_back({.client = found.text(row, 0),
                    .images = images,
                    .bytes = bytes,
                    .last_turn = found.integer(row, 3)});
    claimed_turn = std::max(claimed_turn, found.integer(row, 5));
    if (!found.is_null(row, 6)) {
      next_turn = std::min(next_turn.value_or(found.integer(row, 6)), found.integer(row, 6));
    }
    if (!found.is_null(row, 7)) {
      const std::chrono::milliseconds age(found.integer(row, 7));
      oldest_waiting = std::max(oldest_waiting.value_or(age), age);
    }
  }
  // As ClientJobs finds it from rows.
  if (next_turn) claimed_turn = std::max(claimed_turn, *next_turn - 1);
  return {
      .load = load, .clients = ClientJobs(sums, claimed_turn), .oldest_waiting = oldest_waiting};
}

std::vector<JobVersion> find_versions(Connection& connection, const std::vector<std::string>& ids) {
  const Result found = connection.run(
      "SELECT id, state, changed_ms, claims FROM job WHERE id = ANY($1::text[]) UNION ALL"
      " SELECT id, state, changed_ms, claims FROM job_end WHERE id = ANY($1::text[])",
      Params().add_array(ids));
  std::vector<JobVersion> versions;
  for (int row = 0; row < found.rows(); ++row) {
    versions.push_back({.id = found.text(row, 0),
                        .state = found.integer(row, 1),
                        .changed_ms = found.integer(row, 2),
                        .claims = found.integer(row, 3)});
  }
  return versions;
}

std::vector<ClaimToken> find_claims(Connection& connection, const std::string& owner) {
  const Result found = connection.run("SELECT id, claims FROM job WHERE state = 1 AND owner = $1",
                                      Params().add(owner));
  std::vector<ClaimToken> claims;
  for (int row = 0; row < found.rows(); ++row) {
    claims.push_back(
        {.job_id = found.text(row, 0), .owner = owner, .attempt = found.integer(row, 1)});
  }
  return claims;
}

}  // namespace samoyed::dispatcher::postgres
