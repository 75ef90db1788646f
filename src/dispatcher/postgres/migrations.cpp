#include "dispatcher/postgres/migrations.hpp"

#include <array>
#include <string>

#include "dispatcher/postgres/advisory_locks.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

/// The migrations from each version to the next. Never change a migration that was released.
constexpr std::array migrations = {
    R"sql(
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT (extract(epoch FROM now()) * 1000)::bigint $$;
CREATE TABLE dispatcher (
  id text PRIMARY KEY,
  name text NOT NULL UNIQUE,
  seen_ms bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE worker (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  address text NOT NULL UNIQUE,
  held_out boolean NOT NULL,
  changed_ms bigint NOT NULL,
  changed_by text NOT NULL
);
CREATE TABLE job (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  state smallint NOT NULL,
  due_ms bigint NOT NULL,
  owner text NOT NULL,
  claims bigint NOT NULL,
  attempts integer NOT NULL,
  suspect_ends integer NOT NULL,
  submitted_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  visitor text NOT NULL,
  client text NOT NULL,
  request_id text NOT NULL,
  file_name text NOT NULL,
  image_bytes bigint NOT NULL,
  top integer,
  model text NOT NULL,
  thumbnail_side integer,
  reason text NOT NULL,
  detail text NOT NULL,
  turn bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX job_waiting ON job (turn, number) WHERE state = 0;
CREATE INDEX job_running ON job (owner) WHERE state = 1;
CREATE INDEX job_visitor ON job (visitor);
CREATE TABLE job_image (
  id text PRIMARY KEY,
  stored_ms bigint NOT NULL,
  bytes bytea NOT NULL
);
ALTER TABLE job_image ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE job_end (
  number bigint PRIMARY KEY,
  id text NOT NULL UNIQUE,
  state smallint NOT NULL,
  owner text NOT NULL,
  claims bigint NOT NULL,
  attempts integer NOT NULL,
  submitted_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  visitor text NOT NULL,
  file_name text NOT NULL,
  image_bytes bigint NOT NULL,
  reason text NOT NULL,
  detail text NOT NULL,
  recognition bigint
);
CREATE INDEX job_end_changed ON job_end (changed_ms);
CREATE INDEX job_end_visitor ON job_end (visitor, number);
CREATE TABLE recognition (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  time_ms bigint NOT NULL,
  visitor text NOT NULL,
  client text NOT NULL,
  source smallint NOT NULL,
  request_id text NOT NULL,
  file_name text NOT NULL,
  image_bytes bigint NOT NULL,
  width integer NOT NULL,
  height integer NOT NULL,
  worker text NOT NULL,
  model text NOT NULL,
  trained boolean NOT NULL,
  top text NOT NULL,
  queue_ms double precision NOT NULL,
  transfer_ms double precision NOT NULL,
  decode_ms double precision NOT NULL,
  resize_ms double precision NOT NULL,
  forward_ms double precision NOT NULL,
  total_ms double precision NOT NULL,
  has_thumbnail boolean NOT NULL
);
CREATE INDEX recognition_visitor ON recognition (visitor, id);
CREATE INDEX recognition_model ON recognition (model, id);
CREATE INDEX recognition_time ON recognition (time_ms);
CREATE TABLE thumbnail (
  id bigint PRIMARY KEY,
  jpeg bytea NOT NULL
);
ALTER TABLE thumbnail ALTER COLUMN jpeg SET STORAGE EXTERNAL;
CREATE TABLE removal (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  visitor text NOT NULL,
  newest_row bigint NOT NULL,
  newest_job bigint NOT NULL,
  changed_ms bigint NOT NULL
);
CREATE INDEX removal_visitor ON removal (visitor);
CREATE TABLE adoption (
  former text PRIMARY KEY,
  visitor text NOT NULL,
  moved boolean NOT NULL,
  given boolean NOT NULL
);
CREATE TABLE writer_mark (
  dispatcher text PRIMARY KEY,
  mark text NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE setting (
  name text PRIMARY KEY,
  value text NOT NULL
);
)sql"};

/// The oldest version of this program whose statements work with the tables of this version.
constexpr std::int64_t usable_since = 1;

void create_version(Connection& connection) {
  const Result found = connection.run("SELECT to_regclass('samoyed.schema_version') IS NOT NULL");
  if (found.boolean(0, 0)) return;
  connection.execute(
      "CREATE SCHEMA IF NOT EXISTS samoyed;"
      "CREATE TABLE schema_version (version bigint NOT NULL, usable_since bigint NOT NULL);"
      "INSERT INTO schema_version VALUES (0, 0)");
}

}  // namespace

void migrate(Connection& connection) {
  Transaction transaction(connection);
  connection.run(take_migration_lock);
  create_version(connection);
  const Result row = connection.run("SELECT version, usable_since FROM schema_version");
  const std::int64_t version = row.integer(0, 0);
  const auto newest = static_cast<std::int64_t>(migrations.size());
  if (version > newest && row.integer(0, 1) > newest) {
    throw NewerSchemaError("the store's tables are of version " + std::to_string(version) +
                           ", and this program knows only version " + std::to_string(newest) +
                           ": update this program, or choose another database");
  }
  for (std::int64_t step = version; step < newest; ++step) {
    connection.execute(migrations[static_cast<std::size_t>(step)]);
  }
  if (version < newest) {
    connection.run("UPDATE schema_version SET version = $1, usable_since = $2",
                   Params().add(newest).add(usable_since));
  }
  transaction.commit();
}

}  // namespace samoyed::dispatcher::postgres
