#include "dispatcher/worker_connections.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "samoyed/io/errc.hpp"

namespace samoyed::dispatcher {
namespace {

/// Idle connections kept to one worker; what a burst opened beyond it is closed.
constexpr std::size_t idle_connections_max = 32;

/// Between two images that follow each other closely a connection isn't watched, which would be one system
/// call more for each.
constexpr std::chrono::milliseconds unwatched_time_max{100};

/// A worker of ours ends an idle connection after 120 s; one that is used before then is never
/// stale.
constexpr std::chrono::seconds idle_time_max{60};

TryFailure connect_failure(std::error_code error) {
  using Kind = TryFailure::Kind;
  const Kind kind = error == io::Errc::timed_out  ? Kind::timed_out
                    : is_lack_of_resources(error) ? Kind::no_resources
                                                  : Kind::unreachable;
  return {.kind = kind, .progress = {}, .reused = false, .why = error};
}

/// Of an attempt that is abandoned: nobody will look at it.
TryFailure cut_short() {
  return {.kind = TryFailure::Kind::no_resources, .why = asio::error::operation_aborted};
}

std::optional<WorkerModel> model_of(const std::optional<protocol::WorkerHello>& hello) {
  if (!hello) return std::nullopt;
  return WorkerModel{hello->model, hello->trained};
}

protocol::Refusal too_large(const protocol::WorkerHello& hello) {
  return {protocol::RefusalReason::too_large,
          "An image may have up to " + std::to_string(hello.image_bytes_max) + " bytes."};
}

}  // namespace

asio::awaitable<WorkerConnections::Sent> WorkerConnections::send(Worker worker, Cargo cargo,
                                                                 bool fresh,
                                                                 std::shared_ptr<Attempt> attempt) {
  const PeerPointer of_worker = peer(worker.id);
  Sent sent = co_await send_to(worker, of_worker, cargo, fresh, attempt);
  attempt->end();
  forget_if_gone(worker.id);
  co_return sent;
}

asio::awaitable<WorkerConnections::Sent> WorkerConnections::send_to(
    Worker worker, PeerPointer peer, Cargo cargo, bool fresh, std::shared_ptr<Attempt> attempt) {
  const protocol::Refusal busy{protocol::RefusalReason::busy, {}};
  std::shared_ptr<WorkerConnection> connection;
  if (!fresh) connection = take_idle(*peer);
  if (!connection) {
    if (!make_room(*peer)) co_return Sent{busy, {}};
    Opened opened = co_await open(worker, peer, attempt);
    if (const auto* failure = std::get_if<TryFailure>(&opened)) co_return Sent{*failure, {}};
    connection = std::get<std::shared_ptr<WorkerConnection>>(std::move(opened));
  }
  if (attempt->abandoned()) co_return Sent{cut_short(), {}};
  const auto hello = connection->hello();
  Sent sent{busy, model_of(hello)};
  if (!cargo.model.empty() && (!hello || hello->model != cargo.model)) {
    sent.end = TryFailure{.kind = TryFailure::Kind::other_model, .why = {}};
    if (hello) keep(worker.id, *peer, std::move(connection));
    co_return sent;
  }
  // What it said of its queue is true of a connection that was just opened only.
  if (hello && hello->busy && !connection->last_used()) {
    keep(worker.id, *peer, std::move(connection));
    co_return sent;
  }
  if (hello && hello->image_bytes_max < cargo.image->file_bytes()) {
    sent.end = too_large(*hello);
    keep(worker.id, *peer, std::move(connection));
    co_return sent;
  }
  attempt->use(connection);
  if (!hello) attempt->protect();
  sent.end = co_await connection->send(cargo);
  sent.transfer_ms = connection->transfer_time().count();
  if (std::holds_alternative<protocol::Result>(sent.end)) {
    workers_.answered(worker.id, Clock::now());
  }
  if (connection->reusable()) keep(worker.id, *peer, std::move(connection));
  co_return sent;
}

asio::awaitable<bool> WorkerConnections::accepts(Worker worker, std::shared_ptr<Attempt> attempt) {
  const auto connection =
      std::make_shared<WorkerConnection>(executor_, options_, resolver_, nullptr);
  attempt->use(connection);
  const std::error_code error = co_await connection->connect(worker.address);
  attempt->end();
  co_return !error || is_lack_of_resources(error);
}

asio::awaitable<ProbeEnd> WorkerConnections::probe(Worker worker) {
  const PeerPointer of_worker = peer(worker.id);
  // A reference server serves one at a time: while it has an image of ours, that is its probe.
  if (of_worker->plain && *of_worker->open > 0) co_return ProbeEnd::inconclusive;
  ProbeEnd end = ProbeEnd::good;
  const auto connection = make_connection(*of_worker);
  const std::error_code error = co_await connection->connect(worker.address);
  if (error) {
    end = is_lack_of_resources(error)                ? ProbeEnd::inconclusive
          : error == asio::error::connection_refused ? ProbeEnd::refused
                                                     : ProbeEnd::bad;
  } else {
    const auto greeting = co_await connection->greet();
    if (std::holds_alternative<TryFailure>(greeting)) {
      end = ProbeEnd::bad;
    } else if (connection->hello()) {
      // A worker of ours may have taken the place of a reference server at this address.
      of_worker->plain = false;
      workers_.set_model(worker.id, *model_of(connection->hello()));
      if (of_worker->idle.empty()) keep(worker.id, *of_worker, connection);
    } else {
      of_worker->plain = true;
      workers_.set_reference(worker.id);
    }
  }
  forget_if_gone(worker.id);
  co_return end;
}

void WorkerConnections::close_unused() {
  const auto oldest = Clock::now() - idle_time_max;
  std::erase_if(peers_, [&](const auto& entry) {
    auto& idle = entry.second->idle;
    while (!idle.empty() && *idle.front()->last_used() < oldest) idle.pop_front();
    return !workers_.in_rotation(entry.first);
  });
}

WorkerConnections::PeerPointer WorkerConnections::peer(WorkerId id) {
  PeerPointer& known = peers_[id];
  if (!known) known = std::make_shared<Peer>();
  return known;
}

/// Whoever used a worker that has left the list meanwhile may be the last to know it.
void WorkerConnections::forget_if_gone(WorkerId id) {
  if (!workers_.in_rotation(id)) peers_.erase(id);
}

/// True if one more connection may be opened.
bool WorkerConnections::make_room(Peer& peer) const {
  if (*peer.open < options_.connections_per_worker_max) return true;
  if (peer.idle.empty()) return false;
  peer.idle.pop_front();
  return true;
}

std::shared_ptr<WorkerConnection> WorkerConnections::make_connection(const Peer& peer) {
  ++*peer.open;
  std::shared_ptr<void> place(peer.open.get(), [open = peer.open](void*) { --*open; });
  return std::make_shared<WorkerConnection>(executor_, options_, resolver_, std::move(place));
}

std::shared_ptr<WorkerConnection> WorkerConnections::take_idle(Peer& peer) {
  const auto oldest = Clock::now() - idle_time_max;
  while (!peer.idle.empty() && *peer.idle.front()->last_used() < oldest) peer.idle.pop_front();
  if (peer.idle.empty()) return nullptr;
  auto connection = std::move(peer.idle.back());
  peer.idle.pop_back();
  connection->stop_watching();
  return connection;
}

asio::awaitable<WorkerConnections::Opened> WorkerConnections::open(
    Worker worker, PeerPointer peer, std::shared_ptr<Attempt> attempt) {
  for (int round = 0; round < 2 && !attempt->abandoned(); ++round) {
    const auto connection = make_connection(*peer);
    attempt->use(connection);
    const std::error_code error = co_await connection->connect(worker.address);
    if (error) co_return connect_failure(error);
    if (peer->plain) co_return connection;
    const auto greeting = co_await connection->greet();
    if (const auto* failure = std::get_if<TryFailure>(&greeting)) co_return *failure;
    if (connection->hello()) {
      workers_.set_model(worker.id, *model_of(connection->hello()));
      co_return connection;
    }
    // A reference server: it closes after its A, so connect once more without hello.
    peer->plain = true;
    workers_.set_reference(worker.id);
  }
  if (attempt->abandoned()) co_return cut_short();
  co_return TryFailure{.kind = TryFailure::Kind::nonsense,
                       .why = protocol::Errc::unexpected_message};
}

void WorkerConnections::keep(WorkerId id, Peer& peer,
                             std::shared_ptr<WorkerConnection> connection) {
  if (!workers_.in_rotation(id)) return;
  connection->mark_kept();
  if (on_idle_end_) {
    watch_soon();
  } else {
    connection->rest();
  }
  peer.idle.push_back(std::move(connection));
  if (peer.idle.size() > idle_connections_max) peer.idle.pop_front();
}

void WorkerConnections::watch_soon() {
  if (std::exchange(watch_due_, true)) return;
  watch_timer_.expires_after(unwatched_time_max);
  watch_timer_.async_wait([this](std::error_code error) {
    if (error) return;
    watch_due_ = false;
    for (const auto& [id, peer] : peers_) {
      for (const auto& idle : peer->idle) {
        if (idle->watched()) continue;
        idle->watch([this, id = id, ended = idle.get()] { on_idle_end(id, ended); });
      }
    }
  });
}

void WorkerConnections::on_idle_end(WorkerId id, const WorkerConnection* connection) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  std::erase_if(peer->second->idle, [&](const auto& idle) { return idle.get() == connection; });
  on_idle_end_(id);
}

}  // namespace samoyed::dispatcher
