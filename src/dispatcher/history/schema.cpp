#include "dispatcher/history/schema.hpp"

#include <array>
#include <string>
#include <vector>

#include "dispatcher/history/log_limit.hpp"
#include "dispatcher/history/statistics_rows.hpp"
#include "samoyed/io/digest.hpp"
#include "samoyed/io/random.hpp"

namespace samoyed::dispatcher {
namespace {

/// "Smyd": distinguishes our files from other programs' files.
constexpr std::int64_t application_id = 0x536d7964;

/// Larger files are not checked at the start; damage to them is reported when a query finds it.
constexpr std::uintmax_t checked_bytes_max = std::uintmax_t{256} << 20;

/// The migrations from each version to the next. Never change a migration that was released.
constexpr std::array migrations = {
    R"sql(
CREATE TABLE recognition (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ms INTEGER NOT NULL,
  visitor TEXT NOT NULL,
  client TEXT NOT NULL,
  source INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  file_name TEXT NOT NULL,
  image_bytes INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  worker TEXT NOT NULL,
  model TEXT NOT NULL,
  trained INTEGER NOT NULL,
  top TEXT NOT NULL,
  queue_ms REAL NOT NULL,
  transfer_ms REAL NOT NULL,
  decode_ms REAL NOT NULL,
  resize_ms REAL NOT NULL,
  forward_ms REAL NOT NULL,
  total_ms REAL NOT NULL,
  has_thumbnail INTEGER NOT NULL
) STRICT;
CREATE INDEX recognition_visitor ON recognition (visitor, id);
CREATE INDEX recognition_time ON recognition (time_ms);
CREATE TABLE thumbnail (
  id INTEGER PRIMARY KEY REFERENCES recognition,
  jpeg BLOB NOT NULL
) STRICT;
CREATE TABLE job (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  submitted_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  visitor TEXT NOT NULL,
  client TEXT NOT NULL,
  request_id TEXT NOT NULL,
  file_name TEXT NOT NULL,
  image_bytes INTEGER NOT NULL,
  top INTEGER,
  model TEXT NOT NULL,
  thumbnail_side INTEGER,
  attempts INTEGER NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  recognition INTEGER
) STRICT;
CREATE INDEX job_waiting ON job (due_ms, number) WHERE state = 0;
CREATE INDEX job_finished ON job (changed_ms) WHERE state >= 2;
)sql",
    // Identifies the current claim of a job, so that a stale claim can't end the job.
    R"sql(
ALTER TABLE job ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN claims INTEGER NOT NULL DEFAULT 0;
)sql",
    // The rows up to this id are of visitors whose cookies were not signed.
    R"sql(
CREATE TABLE unsigned_until (id INTEGER NOT NULL) STRICT;
INSERT INTO unsigned_until SELECT coalesce(max(id), 0) FROM recognition;
)sql",
    // A visitor's rows are removed in pieces. An interrupted removal goes on after the next start.
    R"sql(
CREATE TABLE removal (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  visitor TEXT NOT NULL,
  newest_row INTEGER NOT NULL,
  newest_job INTEGER NOT NULL,
  abandoned INTEGER NOT NULL
) STRICT;
CREATE INDEX job_visitor ON job (visitor, number) WHERE state >= 2;
)sql",
    // Totals of the rows by half hours, for everyone and for each visitor.
    R"sql(
CREATE TABLE interval_statistics (
  scope TEXT NOT NULL,
  interval INTEGER NOT NULL,
  model TEXT NOT NULL,
  worker TEXT NOT NULL,
  count INTEGER NOT NULL,
  queue_us INTEGER NOT NULL,
  transfer_us INTEGER NOT NULL,
  decode_us INTEGER NOT NULL,
  resize_us INTEGER NOT NULL,
  forward_us INTEGER NOT NULL,
  total_us INTEGER NOT NULL,
  histogram BLOB NOT NULL,
  PRIMARY KEY (scope, interval, model, worker)
) STRICT, WITHOUT ROWID;
CREATE INDEX recognition_model ON recognition (model, id);
)sql",
    // Jobs belong to visitors too. The mark tells whether a transaction was committed.
    R"sql(
ALTER TABLE unsigned_until ADD COLUMN job INTEGER NOT NULL DEFAULT 0;
UPDATE unsigned_until SET job = (SELECT coalesce(max(number), 0) FROM job);
CREATE TABLE commit_mark (mark TEXT NOT NULL) STRICT;
INSERT INTO commit_mark VALUES ('');
)sql",
    // A visitor's rows get their new owner in pieces too. Any removal that is left goes on. Rows up
    // to `uncounted_until` are not in the statistics yet.
    R"sql(
CREATE TABLE adoption (
  former TEXT PRIMARY KEY,
  visitor TEXT NOT NULL,
  unsigned_only INTEGER NOT NULL,
  moved INTEGER NOT NULL,
  given INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
DROP INDEX job_visitor;
CREATE INDEX job_visitor ON job (visitor, number);
ALTER TABLE removal DROP COLUMN abandoned;
CREATE TABLE statistics_progress (uncounted_until INTEGER NOT NULL) STRICT;
INSERT INTO statistics_progress VALUES (0);
)sql",
    // Clients take turns with their jobs.
    R"sql(
ALTER TABLE job ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
UPDATE job SET turn = place.turn FROM (
  SELECT number, row_number() OVER (PARTITION BY client ORDER BY number) AS turn
  FROM job WHERE state < 2
) AS place WHERE job.number = place.number;
CREATE INDEX job_turn ON job (turn, number, due_ms) WHERE state = 0;
)sql"};

/// From this version on, the tables hold digests of visitors' ids.
constexpr std::size_t digests_since = 3;
/// From this version on, statistics are prepared.
constexpr std::size_t statistics_since = 5;

std::int64_t pragma(Database& database, const std::string& name) {
  auto row = database.prepare("PRAGMA " + name);
  return row.step() ? row.integer(0) : 0;
}

bool is_empty(Database& database) {
  auto row = database.prepare("SELECT count(*) FROM sqlite_schema");
  return row.step() && row.integer(0) == 0;
}

void check_whole(Database& database, const std::filesystem::path& file) {
  if (std::filesystem::file_size(file) > checked_bytes_max) return;
  auto row = database.prepare("PRAGMA quick_check(1)");
  if (row.step() && row.text(0) != "ok") throw DamageError("it is damaged");
}

/// Whether it is the id that a visitor's cookie held. Visitors may also be addresses.
bool is_cookie_id(const std::string& visitor) {
  return visitor.size() == 2 * io::id_bytes &&
         visitor.find_first_not_of("0123456789abcdef") == visitor.npos;
}

/// Replaces the ids of visitors' cookies by their digests. Until now, anyone who could read the
/// file could act as the visitor.
void digest_visitors(Database& database) {
  database.execute("CREATE INDEX job_visitors ON job (visitor)");
  for (const std::string table : {"recognition", "job"}) {
    std::vector<std::string> ids;
    auto rows = database.prepare("SELECT DISTINCT visitor FROM " + table);
    while (rows.step()) {
      if (std::string visitor = rows.text(0); is_cookie_id(visitor)) ids.push_back(visitor);
    }
    for (const std::string& id : ids) {
      database.prepare("UPDATE " + table + " SET visitor = ? WHERE visitor = ?")
          .bind(io::digest_hex(id))
          .bind(id)
          .run();
    }
  }
  database.execute("DROP INDEX job_visitors");
}

void migrate(Database& database) {
  const auto version = static_cast<std::size_t>(pragma(database, "user_version"));
  if (version > migrations.size()) {
    throw StorageError("it was made by a newer version of this program");
  }
  if (version == migrations.size()) return;
  // What a migration replaces must not stay in unused pages.
  database.execute("PRAGMA secure_delete = ON");
  database.execute("BEGIN IMMEDIATE");
  for (std::size_t step = version; step < migrations.size(); ++step) {
    database.execute(migrations[step]);
  }
  if (version < digests_since) digest_visitors(database);
  if (version < statistics_since) prepare_statistics_later(database);
  database.execute("PRAGMA application_id = " + std::to_string(application_id));
  database.execute("PRAGMA user_version = " + std::to_string(migrations.size()));
  database.execute("COMMIT");
}

}  // namespace

Database open_history(const std::filesystem::path& file) {
  const auto text = [&](const StorageError& error) {
    return "can't use the history " + file.string() + " (" + error.what() +
           "): move it away or choose another --data-dir";
  };
  try {
    Database database(file, Database::Mode::read_write);
    if (!is_empty(database) && pragma(database, "application_id") != application_id) {
      throw StorageError("it belongs to another program");
    }
    check_whole(database, file);
    database.execute("PRAGMA journal_mode = WAL");
    // A log that had to grow is cut back when SQLite begins it anew.
    database.execute("PRAGMA journal_size_limit = " + std::to_string(LogLimit::usual_bytes));
    migrate(database);
    // Deleted data is overwritten if that costs no additional writes.
    database.execute("PRAGMA secure_delete = FAST");
    return database;
  } catch (const DiskError& error) {
    throw DiskError(text(error));
  } catch (const DamageError& error) {
    throw DamageError(text(error));
  } catch (const StorageError& error) {
    throw StorageError(text(error));
  }
}

Database open_history_reader(const std::filesystem::path& file) {
  if (Database::is_emptied(file)) throw DamageError(file.string() + " was emptied");
  Database database(file, Database::Mode::read_only);
  database.execute("PRAGMA query_only = ON");
  return database;
}

}  // namespace samoyed::dispatcher
