#include "dispatcher/libpq/connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <libpq-fe.h>
#include <poll.h>
#include <utility>

#include "samoyed/protocol/utf8.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

/// Poolers reject these as parameters of the connection.
const std::string session_settings =
    "SET client_encoding TO 'UTF8';"
    "SET statement_timeout TO '" +
    std::to_string(statement_timeout.count()) +
    "';"
    "SET lock_timeout TO '5s';"
    "SET idle_in_transaction_session_timeout TO '10s';"
    "SET client_min_messages TO 'warning';"
    // Under a stricter one, which a database or a role may have, claims would fail beside others.
    "SET default_transaction_isolation TO 'read committed';"
    "SET search_path TO samoyed, pg_temp";

/// libpq's messages in one line.
std::string one_line(const char* message) {
  std::string line(message ? message : "");
  while (!line.empty() && line.back() == '\n') line.pop_back();
  std::ranges::replace(line, '\n', ' ');
  return line.empty() ? "no reason was given" : line;
}

void ignore_notice(void*, const PGresult*) {}

std::string without_zeros(std::string text) {
  for (std::size_t zero = text.find('\0'); zero != text.npos; zero = text.find('\0', zero)) {
    text.replace(zero, 1, protocol::replacement_character);
  }
  return text;
}

}  // namespace

Params& Params::add(std::int64_t value) {
  values_.push_back({.bytes = std::to_string(value)});
  return *this;
}

Params& Params::add(double value) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value);
  values_.push_back({.bytes = std::string(digits, end.ptr)});
  return *this;
}

Params& Params::add(std::string_view text) {
  values_.push_back({.bytes = without_zeros(protocol::to_utf8(text))});
  return *this;
}

Params& Params::add(std::optional<int> value) {
  return value ? add(std::int64_t{*value}) : add_null();
}

Params& Params::add_bytes(std::string_view bytes) {
  values_.push_back({.bytes = std::string(bytes), .null = false, .binary = true});
  return *this;
}

Params& Params::add_null() {
  values_.push_back({.bytes = {}, .null = true});
  return *this;
}

Params& Params::add_array(const std::vector<std::string>& texts) {
  std::string array = "{";
  for (const std::string& text : texts) {
    if (array.size() > 1) array += ',';
    array += '"';
    for (const char letter : without_zeros(protocol::to_utf8(text))) {
      if (letter == '"' || letter == '\\') array += '\\';
      array += letter;
    }
    array += '"';
  }
  values_.push_back({.bytes = array + "}"});
  return *this;
}

void Result::Clear::operator()(pg_result* result) const { PQclear(result); }

int Result::rows() const { return PQntuples(result_.get()); }

std::int64_t Result::integer(int row, int column) const {
  return std::strtoll(PQgetvalue(result_.get(), row, column), nullptr, 10);
}

double Result::real(int row, int column) const {
  const char* const text = PQgetvalue(result_.get(), row, column);
  double value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

bool Result::boolean(int row, int column) const {
  return PQgetvalue(result_.get(), row, column)[0] == 't';
}

std::string Result::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

bool Result::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) == 1;
}

std::uint64_t Result::changed() const {
  return std::strtoull(PQcmdTuples(result_.get()), nullptr, 10);
}

void Connection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

Connection::Connection(const std::string& url) {
  const std::string timeout_s = std::to_string(connect_timeout.count());
  // What the URL says comes later, so it wins.
  const std::array names = {"connect_timeout",     "tcp_user_timeout", "keepalives_idle",
                            "keepalives_interval", "keepalives_count", "target_session_attrs",
                            "application_name",    "dbname",           (const char*)nullptr};
  const std::array values = {timeout_s.c_str(),
                             "10000",
                             "30",
                             "10",
                             "3",
                             "read-write",
                             "samoyed-dispatcher",
                             url.c_str(),
                             (const char*)nullptr};
  connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
  if (!connection_) throw UnavailableError("out of memory");
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw UnavailableError(one_line(PQerrorMessage(connection_.get())));
  }
  PQsetNoticeReceiver(connection_.get(), ignore_notice, nullptr);
  PQsetnonblocking(connection_.get(), 1);
  execute(session_settings);
}

void Connection::lose(const std::string& why) {
  lost_ = true;
  throw ConnectionLostError(why);
}

bool Connection::is_alive() {
  if (lost_) return false;
  pollfd socket{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
  // Without a request, the server sends only that it ends, and notifications. The end of the
  // connection follows its reason.
  while (poll(&socket, 1, 0) > 0 && PQconsumeInput(connection_.get()) == 1) {
  }
  lost_ = PQstatus(connection_.get()) != CONNECTION_OK;
  return !lost_;
}

void Connection::await_socket(Clock::time_point deadline, bool write) {
  pollfd socket{.fd = PQsocket(connection_.get()),
                .events = static_cast<short>(write ? POLLIN | POLLOUT : POLLIN),
                .revents = 0};
  int ready = 0;
  do {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) lose("the database didn't answer in time");
    ready = poll(&socket, 1, static_cast<int>(left.count()) + 1);
  } while (ready == 0 || (ready < 0 && errno == EINTR));
}

/// Returns the last of the results that the statements give, or throws the first error.
Result Connection::await_result(Clock::time_point deadline) {
  pg_conn* const connection = connection_.get();
  for (int left = PQflush(connection); left != 0; left = PQflush(connection)) {
    if (left < 0) lose(one_line(PQerrorMessage(connection)));
    await_socket(deadline, true);
    if (PQconsumeInput(connection) == 0) lose(one_line(PQerrorMessage(connection)));
  }
  Result last(nullptr);
  std::string state;
  std::string message;
  // The reason that the server gave, for example that it shuts down, says more than that the
  // connection was closed.
  const auto lose_now = [&] {
    lose(message.empty() ? one_line(PQerrorMessage(connection)) : message);
  };
  while (true) {
    while (PQisBusy(connection) == 1) {
      await_socket(deadline, false);
      if (PQconsumeInput(connection) == 0) lose_now();
    }
    Result next(PQgetResult(connection));
    if (!next.result_) break;
    const ExecStatusType status = PQresultStatus(next.result_.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && message.empty()) {
      const char* const code = PQresultErrorField(next.result_.get(), PG_DIAG_SQLSTATE);
      state = code ? code : "";
      const char* const primary = PQresultErrorField(next.result_.get(), PG_DIAG_MESSAGE_PRIMARY);
      message = one_line(primary ? primary : PQresultErrorMessage(next.result_.get()));
    }
    last = std::move(next);
  }
  if (PQstatus(connection) != CONNECTION_OK) lose_now();
  if (!message.empty()) {
    lost_ = ends_connection(state);
    throw_error(state, message);
  }
  return last;
}

const std::string& Connection::prepare(const std::string& sql) {
  const auto found = prepared_.find(sql);
  if (found != prepared_.end()) return found->second;
  const std::string name = "s" + std::to_string(prepared_.size());
  if (PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr) == 0) {
    lose(one_line(PQerrorMessage(connection_.get())));
  }
  await_result(Clock::now() + call_timeout);
  return prepared_.emplace(sql, name).first->second;
}

Result Connection::run(const std::string& sql, const Params& params, Format format) {
  if (lost_) lose("the connection to the database was lost");
  const std::string& name = prepare(sql);
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  for (const Params::Value& value : params.values_) {
    values.push_back(value.null ? nullptr : value.bytes.c_str());
    lengths.push_back(static_cast<int>(value.bytes.size()));
    formats.push_back(value.binary ? 1 : 0);
  }
  const int sent =
      PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()),
                          values.data(), lengths.data(), formats.data(), format == Format::binary);
  if (sent == 0) lose(one_line(PQerrorMessage(connection_.get())));
  return await_result(Clock::now() + call_timeout);
}

void Connection::send(const std::string& sql) {
  if (lost_) lose("the connection to the database was lost");
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) {
    lose(one_line(PQerrorMessage(connection_.get())));
  }
}

void Connection::execute(const std::string& sql) {
  send(sql);
  await_result(Clock::now() + call_timeout);
}

void Connection::check(std::chrono::milliseconds timeout) {
  send("SELECT 1");
  await_result(Clock::now() + timeout);
}

bool Connection::take_notifications() {
  bool notified = false;
  while (PGnotify* const notification = PQnotifies(connection_.get())) {
    PQfreemem(notification);
    notified = true;
  }
  return notified;
}

bool Connection::wait_for_notification(std::chrono::milliseconds timeout, int wake) {
  if (lost_) lose("the connection to the database was lost");
  if (take_notifications()) return true;
  std::array<pollfd, 2> sockets = {
      pollfd{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0},
      pollfd{.fd = wake, .events = POLLIN, .revents = 0}};
  poll(sockets.data(), sockets.size(), static_cast<int>(timeout.count()));
  if (sockets[0].revents != 0 && PQconsumeInput(connection_.get()) == 0) {
    lose(one_line(PQerrorMessage(connection_.get())));
  }
  return take_notifications();
}

Transaction::Transaction(Connection& connection) : connection_(connection) {
  connection_.execute("BEGIN");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    connection_.execute("ROLLBACK");
  } catch (const StorageError&) {
    // The connection is lost, and so is the transaction.
  }
}

void Transaction::commit() {
  open_ = false;
  connection_.execute("COMMIT");
}

}  // namespace samoyed::dispatcher::postgres
