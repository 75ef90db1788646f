#include "dispatcher/worker_connection_pool.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "samoyed/io/errc.hpp"

namespace samoyed::dispatcher {
namespace {

/// Maximum number of idle connections kept to one worker. Those left over from a burst are closed.
constexpr std::size_t idle_connections_max = 32;

/// A connection isn't watched between two images that follow each other closely, because that would
/// cost a system call for each image.
constexpr std::chrono::milliseconds unwatched_time_max{100};

AttemptFailure connect_failure(std::error_code error) {
  using Kind = AttemptFailure::Kind;
  const Kind kind = error == io::Errc::timed_out  ? Kind::timed_out
                    : is_lack_of_resources(error) ? Kind::no_resources
                                                  : Kind::unreachable;
  return {.kind = kind, .progress = {}, .reused = false, .why = error};
}

/// The result of an abandoned attempt, which no one reads.
AttemptFailure cut_short() {
  return {.kind = AttemptFailure::Kind::no_resources, .why = asio::error::operation_aborted};
}

std::optional<WorkerModel> model_of(const std::optional<protocol::WorkerHello>& hello) {
  if (!hello) return std::nullopt;
  return WorkerModel{hello->model, hello->trained, hello->label_count};
}

protocol::Refusal too_large(const protocol::WorkerHello& hello) {
  return {protocol::RefusalReason::too_large,
          "The image is too large (limit " + std::to_string(hello.image_bytes_max) + " bytes)."};
}

}  // namespace

asio::awaitable<WorkerConnectionPool::SendResult> WorkerConnectionPool::send(
    Worker worker, ImageRequest request, bool fresh, std::shared_ptr<Attempt> attempt) {
  const PoolEntryPointer entry = entry_of(worker.id);
  SendResult result = co_await send_to(worker, entry, request, fresh, attempt);
  attempt->end();
  forget_if_gone(worker.id);
  co_return result;
}

asio::awaitable<WorkerConnectionPool::SendResult> WorkerConnectionPool::send_to(
    Worker worker, PoolEntryPointer entry, ImageRequest request, bool fresh,
    std::shared_ptr<Attempt> attempt) {
  const protocol::Refusal busy{protocol::RefusalReason::busy, {}};
  std::shared_ptr<WorkerConnection> connection;
  if (!fresh) connection = take_idle(*entry);
  if (!connection) {
    if (!make_room(*entry)) co_return SendResult{busy, {}};
    Opened opened = co_await open(worker, entry, attempt);
    if (auto* failure = std::get_if<AttemptFailure>(&opened))
      co_return SendResult{excuse_draining(worker, std::move(*failure)), {}};
    connection = std::get<std::shared_ptr<WorkerConnection>>(std::move(opened));
  }
  if (attempt->abandoned()) co_return SendResult{cut_short(), {}};
  const auto hello = connection->hello();
  SendResult result{busy, model_of(hello)};
  if (!workers_.may_answer(request.model, result.model)) {
    result.end = AttemptFailure{.kind = AttemptFailure::Kind::other_model, .why = {}};
    if (hello) keep(worker.id, *entry, std::move(connection));
    co_return result;
  }
  const protocol::ImageFormat* const format = request.image->format();
  if (hello && format != nullptr && !protocol::contains(hello->formats, *format)) {
    result.end = AttemptFailure{.kind = AttemptFailure::Kind::other_formats, .why = {}};
    keep(worker.id, *entry, std::move(connection));
    co_return result;
  }
  // A hello's queue state is current only on a connection that was just opened.
  if (hello && hello->busy && !connection->last_used()) {
    keep(worker.id, *entry, std::move(connection));
    co_return result;
  }
  if (hello && hello->image_bytes_max < request.image->file_bytes()) {
    result.end = too_large(*hello);
    keep(worker.id, *entry, std::move(connection));
    co_return result;
  }
  attempt->use(connection);
  if (!hello) attempt->protect();
  result.end = co_await connection->send(request);
  result.transfer_ms = connection->transfer_time().count();
  if (auto* failure = std::get_if<AttemptFailure>(&result.end)) {
    *failure = excuse_draining(worker, std::move(*failure));
  } else if (const auto* end = std::get_if<protocol::Result>(&result.end)) {
    // A worker that only reports internal errors should return less and less often.
    const auto* refusal = std::get_if<protocol::Refusal>(end);
    const bool failed = refusal && refusal->reason == protocol::RefusalReason::internal;
    if (!failed) workers_.answered(worker.id, Clock::now());
  }
  if (connection->reusable()) keep(worker.id, *entry, std::move(connection));
  co_return result;
}

asio::awaitable<bool> WorkerConnectionPool::accepts(Worker worker,
                                                    std::shared_ptr<Attempt> attempt) {
  const auto connection =
      std::make_shared<WorkerConnection>(executor_, options_, resolver_, nullptr);
  attempt->use(connection);
  const std::error_code error = co_await connect(connection, worker);
  attempt->end();
  co_return !error || is_lack_of_resources(error);
}

asio::awaitable<ProbeEnd> WorkerConnectionPool::probe(Worker worker) {
  const PoolEntryPointer entry = entry_of(worker.id);
  // A reference server serves one client at a time. While it works on an image of ours, that image
  // serves as the probe.
  if (entry->plain && *entry->open > 0) co_return ProbeEnd{ProbeResult::inconclusive};
  ProbeEnd end{ProbeResult::good};
  const auto connection = make_connection(*entry);
  const std::error_code error = co_await connect(connection, worker);
  if (error) {
    end = probe_end(error);
  } else {
    const auto greeting = co_await connection->greet();
    if (const auto* failure = std::get_if<AttemptFailure>(&greeting)) {
      end = probe_end(failure->why);
    } else {
      record_greeting(worker, *entry, *connection);
      const auto& hello = connection->hello();
      if (hello && hello->draining) {
        end.result = ProbeResult::draining;
      } else if (hello && entry->idle.empty()) {
        keep(worker.id, *entry, connection);
      }
    }
  }
  forget_if_gone(worker.id);
  co_return end;
}

/// What a failed probe means. If certificates or options for TLS are wrong, the worker can't be
/// used until an operator changes them, so one probe is enough. A worker that closes the connection
/// may just be stopping.
ProbeEnd WorkerConnectionPool::probe_end(std::error_code why) const {
  if (is_lack_of_resources(why)) return {ProbeResult::inconclusive};
  if (why == asio::error::connection_refused) return {ProbeResult::refused};
  const bool cut = why == io::TlsErrc::closed || why == io::TlsErrc::broken;
  if (cut) return {ProbeResult::bad, explain(why)};
  if (why.category() == io::tls_category() || why == worker_expects_tls()) {
    return {ProbeResult::refused, explain(why)};
  }
  return {ProbeResult::bad};
}

std::string WorkerConnectionPool::explain(std::error_code why) const {
  return options_.tls ? options_.tls->explain(why) : why.message();
}

asio::awaitable<std::error_code> WorkerConnectionPool::connect(
    std::shared_ptr<WorkerConnection> connection, Worker worker) {
  std::string discovered_by;
  if (options_.tls) discovered_by = workers_.discovered_by(worker.id);
  co_return co_await connection->connect(worker.address, std::move(discovered_by));
}

void WorkerConnectionPool::close_unused() {
  const auto oldest = Clock::now() - options_.idle_time_max;
  std::erase_if(entries_, [&](const auto& entry) {
    auto& idle = entry.second->idle;
    while (!idle.empty() && *idle.front()->last_used() < oldest) idle.pop_front();
    return !workers_.in_rotation(entry.first);
  });
}

WorkerConnectionPool::PoolEntryPointer WorkerConnectionPool::entry_of(WorkerId id) {
  PoolEntryPointer& known = entries_[id];
  if (!known) known = std::make_shared<PoolEntry>();
  return known;
}

/// Removes the entry of a worker that left the rotation while the entry was in use.
void WorkerConnectionPool::forget_if_gone(WorkerId id) {
  if (!workers_.in_rotation(id)) entries_.erase(id);
}

/// Returns true if one more connection may be opened. Closes an idle one for that if necessary.
bool WorkerConnectionPool::make_room(PoolEntry& entry) const {
  if (*entry.open < options_.connections_per_worker_max) return true;
  if (entry.idle.empty()) return false;
  entry.idle.pop_front();
  return true;
}

std::shared_ptr<WorkerConnection> WorkerConnectionPool::make_connection(const PoolEntry& entry) {
  ++*entry.open;
  std::shared_ptr<void> slot(entry.open.get(), [open = entry.open](void*) { --*open; });
  return std::make_shared<WorkerConnection>(executor_, options_, resolver_, std::move(slot));
}

std::shared_ptr<WorkerConnection> WorkerConnectionPool::take_idle(PoolEntry& entry) {
  const auto oldest = Clock::now() - options_.idle_time_max;
  while (!entry.idle.empty() && *entry.idle.front()->last_used() < oldest) entry.idle.pop_front();
  if (entry.idle.empty()) return nullptr;
  auto connection = std::move(entry.idle.back());
  entry.idle.pop_back();
  connection->stop_watching();
  return connection;
}

asio::awaitable<WorkerConnectionPool::Opened> WorkerConnectionPool::open(
    Worker worker, PoolEntryPointer entry, std::shared_ptr<Attempt> attempt) {
  for (int round = 0; round < 2 && !attempt->abandoned(); ++round) {
    const auto connection = make_connection(*entry);
    attempt->use(connection);
    const std::error_code error = co_await connect(connection, worker);
    if (error) co_return connect_failure(error);
    if (entry->plain) co_return connection;
    const auto greeting = co_await connection->greet();
    if (const auto* failure = std::get_if<AttemptFailure>(&greeting)) co_return *failure;
    record_greeting(worker, *entry, *connection);
    record_draining(worker, connection->hello() && connection->hello()->draining);
    if (connection->hello()) co_return connection;
    // A reference server closes the connection after its A, so connect once more without hello.
  }
  if (attempt->abandoned()) co_return cut_short();
  co_return AttemptFailure{.kind = AttemptFailure::Kind::nonsense,
                           .why = protocol::Errc::unexpected_message};
}

void WorkerConnectionPool::record_greeting(const Worker& worker, PoolEntry& entry,
                                           const WorkerConnection& connection) {
  const auto& hello = connection.hello();
  // A Samoyed worker may have replaced a reference server at this address.
  entry.plain = !hello.has_value();
  const auto before = std::exchange(entry.model, model_of(hello));
  if (before && before != entry.model) {
    entry.idle.clear();
    if (entry.model) on_model_changed_(worker, *before, *entry.model);
  }
  if (hello) {
    workers_.set_model(worker.id, *entry.model, hello->threads);
  } else {
    workers_.set_reference(worker.id);
  }
  on_greeted_();
}

void WorkerConnectionPool::record_draining(const Worker& worker, bool draining) {
  const auto change = workers_.greeted(worker.id, draining, Clock::now());
  if (change != WorkerHealth::Change::none) on_state_changed_(worker, change);
}

/// A worker that had said that it stops fails nobody when it ends before it has an image.
AttemptFailure WorkerConnectionPool::excuse_draining(const Worker& worker, AttemptFailure failure) {
  using Kind = AttemptFailure::Kind;
  const bool ended = failure.kind == Kind::unreachable || failure.kind == Kind::closed ||
                     failure.kind == Kind::connection_lost;
  // The end of an idle connection has its own excuse, and is followed by a fresh one.
  const bool excused = ended && !failure.reused &&
                       failure.progress == protocol::Progress::nothing_answered &&
                       workers_.is_leaving(worker.id);
  if (!excused) return failure;
  if (failure.kind == Kind::unreachable && workers_.leave(worker.id, Clock::now())) {
    on_state_changed_(worker, WorkerHealth::Change::left);
  }
  failure.kind = Kind::left;
  return failure;
}

void WorkerConnectionPool::keep(WorkerId id, PoolEntry& entry,
                                std::shared_ptr<WorkerConnection> connection) {
  if (!workers_.in_rotation(id) || model_of(connection->hello()) != entry.model) return;
  connection->mark_kept();
  if (on_idle_end_) {
    watch_soon();
  } else {
    connection->rest();
  }
  entry.idle.push_back(std::move(connection));
  if (entry.idle.size() > idle_connections_max) entry.idle.pop_front();
}

void WorkerConnectionPool::watch_soon() {
  if (std::exchange(watch_due_, true)) return;
  watch_timer_.expires_after(unwatched_time_max);
  watch_timer_.async_wait([this](std::error_code error) {
    if (error) return;
    watch_due_ = false;
    for (const auto& [id, entry] : entries_) {
      for (const auto& idle : entry->idle) {
        if (idle->watched()) continue;
        idle->watch([this, id = id, ended = idle.get()] { on_idle_end(id, ended); });
      }
    }
  });
}

void WorkerConnectionPool::on_idle_end(WorkerId id, const WorkerConnection* connection) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  std::erase_if(entry->second->idle, [&](const auto& idle) { return idle.get() == connection; });
  on_idle_end_(id);
}

}  // namespace samoyed::dispatcher
