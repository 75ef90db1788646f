#include "dispatcher/worker_connections.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace samoyed::dispatcher {
namespace {

/// Idle connections kept to one worker; what a burst opened beyond it is closed.
constexpr std::size_t idle_connections_max = 32;

/// A worker of ours ends an idle connection after 120 s; one that is used before then is never
/// stale.
constexpr std::chrono::seconds idle_time_max{60};

/// True for errors that tell about this machine, not about the worker.
bool is_lack_of_resources(std::error_code error) {
  return error == std::errc::too_many_files_open ||
         error == std::errc::too_many_files_open_in_system ||
         error == std::errc::not_enough_memory || error == std::errc::no_buffer_space;
}

TryFailure connect_failure(std::error_code error) {
  using Kind = TryFailure::Kind;
  const Kind kind = error == protocol::Errc::timed_out ? Kind::timed_out
                    : is_lack_of_resources(error)      ? Kind::no_resources
                                                       : Kind::unreachable;
  return {.kind = kind, .progress = {}, .reused = false, .why = error};
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

asio::awaitable<WorkerConnections::Sent> WorkerConnections::send(
    Worker worker, const protocol::EncodedImage& image, std::optional<int> top, bool fresh) {
  std::unique_ptr<WorkerConnection> connection;
  if (!fresh) connection = take_idle(worker.id);
  if (!connection) {
    Opened opened = co_await open(worker);
    if (const auto* failure = std::get_if<TryFailure>(&opened)) co_return Sent{*failure, {}};
    connection = std::get<std::unique_ptr<WorkerConnection>>(std::move(opened));
    if (connection->hello() && connection->hello()->busy) {
      const auto model = model_of(connection->hello());
      keep(worker.id, std::move(connection));
      co_return Sent{protocol::Refusal{protocol::RefusalReason::busy, {}}, model};
    }
  }
  const auto hello = connection->hello();
  Sent sent{{}, model_of(hello)};
  if (hello && hello->image_bytes_max < image.file_bytes()) {
    sent.end = too_large(*hello);
    co_return sent;
  }
  sent.end = co_await connection->send(image, top);
  if (connection->reusable()) keep(worker.id, std::move(connection));
  co_return sent;
}

asio::awaitable<void> WorkerConnections::introduce(Worker worker) {
  Opened opened = co_await open(worker);
  auto* const connection = std::get_if<std::unique_ptr<WorkerConnection>>(&opened);
  if (connection && (*connection)->hello()) keep(worker.id, std::move(*connection));
}

asio::awaitable<bool> WorkerConnections::probe(Worker worker) {
  WorkerConnection connection(executor_, timeouts_);
  const std::error_code error = co_await connection.connect(worker.address);
  co_return !error || is_lack_of_resources(error);
}

void WorkerConnections::close_unlisted() {
  const auto rows = workers_.rows();
  std::erase_if(peers_, [&](const auto& entry) {
    return std::ranges::none_of(rows,
                                [&](const WorkerRow& row) { return row.worker.id == entry.first; });
  });
}

std::unique_ptr<WorkerConnection> WorkerConnections::take_idle(WorkerId id) {
  auto& idle = peers_[id].idle;
  const auto oldest = io::Clock::now() - idle_time_max;
  while (!idle.empty() && idle.front()->last_used() < oldest) idle.pop_front();
  if (idle.empty()) return nullptr;
  auto connection = std::move(idle.back());
  idle.pop_back();
  return connection;
}

asio::awaitable<WorkerConnections::Opened> WorkerConnections::open(Worker worker) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto connection = std::make_unique<WorkerConnection>(executor_, timeouts_);
    const std::error_code error = co_await connection->connect(worker.address);
    if (error) co_return connect_failure(error);
    if (peers_[worker.id].plain) co_return connection;
    const auto greeting = co_await connection->greet();
    if (const auto* failure = std::get_if<TryFailure>(&greeting)) co_return *failure;
    if (connection->hello()) {
      workers_.set_model(worker.id, *model_of(connection->hello()));
      co_return connection;
    }
    // A reference server: it closes after its A, so connect once more without hello.
    peers_[worker.id].plain = true;
  }
  co_return TryFailure{.kind = TryFailure::Kind::nonsense,
                       .why = protocol::Errc::unexpected_message};
}

void WorkerConnections::keep(WorkerId id, std::unique_ptr<WorkerConnection> connection) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;  // Taken off the list meanwhile.
  connection->mark_kept();
  auto& idle = peer->second.idle;
  idle.push_back(std::move(connection));
  if (idle.size() > idle_connections_max) idle.pop_front();
}

}  // namespace samoyed::dispatcher
