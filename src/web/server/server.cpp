#include "samoyed/web/server.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/ip/host_name.hpp>
#include <asio/post.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/accept_loop.hpp"
#include "samoyed/io/event.hpp"
#include "samoyed/io/network_list.hpp"
#include "samoyed/io/random.hpp"
#include "web/server/http_connection.hpp"
#include "web/views/metrics.hpp"

namespace samoyed::web {
namespace {

/// Longer side of the thumbnails in lists of results.
constexpr int thumbnail_side_px = 160;

/// Returns the error for a connection over a limit, or std::nullopt for one within the limits.
std::optional<Problem> over_limit(io::AcceptLoop::Verdict verdict) {
  switch (verdict) {
    case io::AcceptLoop::Verdict::admitted:
      break;
    case io::AcceptLoop::Verdict::peer_full:
      return Problem{Reason::client_connections,
                     "You have too many open connections. Close some first."};
    case io::AcceptLoop::Verdict::all_full:
      return Problem{Reason::connections,
                     "The server has too many open connections. Try again in a moment."};
  }
  return std::nullopt;
}

SiteRules site_rules(const ServerOptions& options, bool keeps_results) {
  std::error_code unknown;  // On an error, the machine has no name of its own.
  SiteRules rules{
      .image_bytes_max = options.limits.image_bytes_max,
      .hosts = {asio::ip::host_name(unknown), options.access.allowed_hosts},
      .worker_allowed = [networks = options.access.worker_networks](
                            std::string_view address) { return networks.contains(address); },
      .results_by_address = options.results_by == dispatcher::ResultsBy::address,
      .results_days = options.results_days,
      .request_timeout = options.timeouts.request,
      .form_timeout = options.timeouts.form,
      .unsure_below = options.unsure_below_percent / 100,
      .instance_name = options.instance_name,
      .is_local = [&local = io::private_networks()](
                      std::string_view address) { return local.contains(address); }};
  if (keeps_results && options.thumbnails) rules.thumbnail_side = thumbnail_side_px;
  return rules;
}

}  // namespace

/// Shared ownership, because connections may end after the server is destroyed.
class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(asio::any_io_executor executor, asio::ip::tcp::acceptor acceptor, ServerParts parts,
       ServerOptions options)
      : executor_(std::move(executor)),
        accept_loop_(
            std::move(acceptor),
            {.connections_max = options.limits.connections_max,
             .connections_per_peer_max = options.limits.connections_per_peer_max,
             .refused_max = options.limits.refused_connections_max},
            [this](std::string_view peer) { return cut_longest_waiting(peer); },
            [proxies = options.access.trusted_proxies](const asio::ip::address& address) {
              return proxies.contains(address);
            }),
        wake_up_(executor_),
        parts_(parts),
        forms_(large_files_folder(),
               options.limits.stored_forms_max * options.limits.form_bytes_max,
               options.limits.form_bytes_max + options.limits.form_overhead_bytes_max),
        gate_(options.access.admin_token, [] { return io::random_hex(io::id_bytes); }),
        server_{
            .services = {.classifier = parts.classifier,
                         .workers = parts.workers,
                         .discovery = parts.discovery,
                         .history = parts.history,
                         .jobs = parts.jobs,
                         .storage_available = parts.storage_available,
                         .share_workers = parts.share_workers,
                         .gate = gate_,
                         .metrics = metrics_,
                         .metrics_text = [this] { return metrics_.text(snapshot()); },
                         .rules = site_rules(options, parts.history != nullptr)},
            .uploads = Admission({.requests_max = options.limits.requests_max,
                                  .requests_per_client_max = options.limits.requests_per_client_max,
                                  .bytes_max = options.limits.request_bytes_max}),
            .streams = Admission({.requests_max = options.limits.streams_max,
                                  .requests_per_client_max = options.limits.streams_per_client_max,
                                  .bytes_max = 1}),
            .turns = ClientTurns(executor_),
            .options = options,
            .visitors = VisitorCookies(options.access.visitor_key),
            .forms = forms_} {}

  asio::awaitable<void> run() {
    co_await accept_loop_.run([this](asio::ip::tcp::socket socket, io::AcceptLoop::Slot slot) {
      open(std::move(socket), std::move(slot));
    });
    co_await drain();
  }

  void prepare_stop() { server_.stopping = true; }
  void stop() {
    prepare_stop();
    accept_loop_.stop();
  }

  void set_admin_token(std::string token) { gate_.set_token(std::move(token)); }

  void set_visitor_key(std::string key) { server_.visitors.set_key(std::move(key)); }

  std::size_t connections() const { return connections_.size(); }
  const asio::any_io_executor& executor() const { return executor_; }

 private:
  using Clock = std::chrono::steady_clock;

  MetricsSnapshot snapshot() const {
    return {
        .workers = parts_.workers.snapshot(),
        .discovery = parts_.discovery(),
        .worker_tls = parts_.worker_tls ? std::optional(parts_.worker_tls->status()) : std::nullopt,
        .dispatch = parts_.dispatch ? *parts_.dispatch : dispatcher::DispatchCounts{},
        .requests = server_.uploads.requests(),
        .held_bytes = server_.uploads.bytes(),
        .connections = connections_.size(),
        .streams = server_.streams.requests(),
        .jobs = jobs_load(),
        .storage_available =
            keeps_something() ? std::optional(parts_.storage_available()) : std::nullopt,
        .store = parts_.store(),
        .results_unreadable =
            parts_.history ? std::optional(parts_.history->unreadable()) : std::nullopt,
        .results_dropped = parts_.history ? std::optional(parts_.history->dropped()) : std::nullopt,
        .process = io::read_process()};
  }

  bool keeps_something() const { return parts_.history || parts_.jobs; }

  std::optional<MetricsSnapshot::Jobs> jobs_load() const {
    if (!parts_.jobs) return std::nullopt;
    const auto load = parts_.jobs->load();
    return MetricsSnapshot::Jobs{load.waiting, load.running, load.bytes};
  }

  void open(asio::ip::tcp::socket socket, io::AcceptLoop::Slot slot) {
    const auto connection =
        std::make_shared<HttpConnection>(std::move(socket), server_, over_limit(slot.verdict()));
    connections_.emplace(connection, std::move(slot));
    asio::co_spawn(executor_, connection->run(),
                   [self = shared_from_this(), connection](std::exception_ptr failure) {
                     self->close(connection, failure);
                   });
  }

  void close(const std::shared_ptr<HttpConnection>& connection, std::exception_ptr failure) {
    connections_.erase(connection);
    wake_up_.notify();
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      spdlog::error("a connection ended because of an internal error: {}", error.what());
    }
  }

  /// Closes the connection that has waited longest for its client, of all or of one peer's.
  bool cut_longest_waiting(std::string_view peer) {
    HttpConnection* longest = nullptr;
    for (const auto& [connection, slot] : connections_) {
      const auto since = connection->waiting_since();
      if (!since || (!peer.empty() && slot.peer() != peer)) continue;
      if (!longest || *since < *longest->waiting_since()) longest = connection.get();
    }
    if (longest) longest->cut();
    return longest != nullptr;
  }

  asio::awaitable<void> drain() {
    const auto until = Clock::now() + server_.options.timeouts.drain;
    for (const auto& [connection, slot] : connections_) connection->stop();
    while (!connections_.empty() && Clock::now() < until) co_await wake_up_.wait_until(until);
    for (const auto& [connection, slot] : connections_) connection->cut();
    const auto hurried = [](const auto& entry) { return !entry.first->classifying(); };
    while (std::any_of(connections_.begin(), connections_.end(), hurried)) {
      co_await wake_up_.wait();
    }
    if (!connections_.empty()) {
      spdlog::warn("{} images were still at a worker when the drain timeout expired",
                   connections_.size());
    }
  }

  asio::any_io_executor executor_;
  io::AcceptLoop accept_loop_;
  io::Event wake_up_;
  const ServerParts parts_;
  FormStore forms_;
  AdminGate gate_;
  Metrics metrics_;
  ServerContext server_;
  std::map<std::shared_ptr<HttpConnection>, io::AcceptLoop::Slot> connections_;
};

Server::Server(asio::any_io_executor executor, asio::ip::tcp::acceptor acceptor, ServerParts parts,
               ServerOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(acceptor), parts, options)) {}

Server::~Server() = default;

asio::awaitable<void> Server::run() { return impl_->run(); }

void Server::prepare_stop() { impl_->prepare_stop(); }

void Server::stop() {
  asio::post(impl_->executor(), [impl = impl_] { impl->stop(); });
}

void Server::set_admin_token(std::string token) { impl_->set_admin_token(std::move(token)); }

void Server::set_visitor_key(std::string key) { impl_->set_visitor_key(std::move(key)); }

std::size_t Server::connections() const { return impl_->connections(); }

}  // namespace samoyed::web
