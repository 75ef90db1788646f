#include "dispatcher/worker_connection.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "dispatcher/certificate_names.hpp"
#include "samoyed/io/errc.hpp"
#include "samoyed/protocol/errc.hpp"

namespace samoyed::dispatcher {
namespace {

using asio::ip::tcp;

/// The first byte of a TLS alert (RFC 8446, section 5.1).
constexpr char tls_alert = 21;

/// Errors that are neither network nor protocol errors.
enum class DispatchErrc { outside_of_networks = 1, expects_tls };

class DispatchCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "samoyed.dispatcher"; }
  std::string message(int value) const override {
    if (static_cast<DispatchErrc>(value) == DispatchErrc::expects_tls) {
      return "it speaks only TLS; use --worker-tls-ca, --worker-tls-cert and --worker-tls-key";
    }
    return "its address is outside the networks that workers may be in (see --worker-network)";
  }
};

std::error_code dispatch_error(DispatchErrc value) {
  static const DispatchCategory category;
  return {static_cast<int>(value), category};
}

}  // namespace

bool is_lack_of_resources(std::error_code error) {
  // Compares numbers, because Asio's system errors don't equal the conditions of std::errc.
  const bool of_the_system = error.category() == asio::error::get_system_category() ||
                             error.category() == std::system_category() ||
                             error.category() == std::generic_category();
  const int number = error.value();
  return of_the_system &&
         (number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS);
}

std::error_code outside_of_worker_networks() {
  return dispatch_error(DispatchErrc::outside_of_networks);
}

std::error_code worker_expects_tls() { return dispatch_error(DispatchErrc::expects_tls); }

asio::awaitable<std::error_code> WorkerConnection::connect(protocol::Address address,
                                                           std::string discovered_by) {
  const auto deadline = Clock::now() + options_.timeouts.connect;
  const FoundAddresses found = co_await resolver_.resolve(address.host, deadline);
  std::error_code error = found.error;
  if (error) co_return error;
  std::vector<tcp::endpoint> endpoints;
  for (const auto& ip : found.addresses) {
    if (options_.may_connect(ip)) endpoints.emplace_back(ip, address.port);
  }
  if (endpoints.empty()) co_return outside_of_worker_networks();
  if (!closed_) co_await socket_.connect(endpoints, deadline, error);
  if (!closed_ && !error && options_.tls && !options_.plain_workers.contains(address)) {
    co_await secure(address, std::move(discovered_by), deadline, error);
  }
  co_return closed_ ? asio::error::operation_aborted : error;
}

asio::awaitable<void> WorkerConnection::secure(protocol::Address address, std::string discovered_by,
                                               Clock::time_point deadline, std::error_code& error) {
  secured_ = true;
  std::vector<std::string> names = certificate_names(address, discovered_by);
  co_await socket_.handshake(options_.tls, std::move(names), deadline, error);
}

asio::awaitable<std::variant<protocol::Greeted, AttemptFailure>> WorkerConnection::greet() {
  using Greeting = protocol::ClientGreeting;
  Greeting greeting;
  const auto deadline = Clock::now() + options_.timeouts.answer;
  while (true) {
    Greeting::Action action = greeting.next();
    std::error_code error;
    if (const auto* write = std::get_if<Greeting::Write>(&action)) {
      co_await socket_.write(asio::buffer(write->bytes), deadline, error);
    } else if (std::holds_alternative<Greeting::Read>(action)) {
      const std::size_t size =
          co_await socket_.read_some(asio::buffer(read_buffer_), deadline, error);
      if (!error && is_tls_alert(size)) error = worker_expects_tls();
      if (!error) greeting.received({read_buffer_.data(), size});
    } else if (auto* greeted = std::get_if<protocol::Greeted>(&action)) {
      hello_ = greeted->hello;
      co_return std::move(*greeted);
    } else {
      error = std::get<Greeting::Failed>(action).why;
    }
    // On a new connection, nothing depends on how far the greeting came.
    if (error) co_return failure(error, protocol::Progress::nothing_answered);
  }
}

/// Whether the last read, of `size` bytes, brought what a worker with TLS answers to plain text.
bool WorkerConnection::is_tls_alert(std::size_t size) const {
  return !secured_ && size > 0 && read_buffer_.front() == tls_alert;
}

asio::awaitable<std::variant<protocol::Result, AttemptFailure>> WorkerConnection::send(
    const ImageRequest& request) {
  reusable_ = false;
  Exchange exchange = begin_exchange(request);
  const auto start = Clock::now();
  std::optional<Exchange::Step> step;
  Clock::time_point step_end;
  const auto begin = [&](Exchange::Step next_step) {
    const auto now = Clock::now();
    if (next_step == Exchange::Step::result && step != next_step) transfer_time_ = now - start;
    step = next_step;
    step_end = now + timeout(next_step);
  };
  while (true) {
    Exchange::Action action = exchange.next();
    std::error_code error;
    if (const auto* write = std::get_if<Exchange::Write>(&action)) {
      begin(write->step);
      co_await socket_.write(asio::buffer(write->bytes), asio::buffer(write->more), step_end,
                             error);
    } else if (const auto* read = std::get_if<Exchange::Read>(&action)) {
      if (step != read->step) begin(read->step);
      const std::size_t size =
          co_await socket_.read_some(asio::buffer(read_buffer_), step_end, error);
      if (!error) exchange.received({read_buffer_.data(), size});
    } else if (auto* finished = std::get_if<Exchange::Finished>(&action)) {
      reusable_ = finished->reusable;
      co_return std::move(finished->result);
    } else {
      error = std::get<Exchange::Failed>(action).why;
    }
    if (error) co_return failure(error, exchange.progress());
  }
}

void WorkerConnection::close() {
  closed_ = true;
  socket_.close();
}

void WorkerConnection::watch(std::function<void()> on_end) {
  watched_ = true;
  socket_.socket().async_wait(
      tcp::socket::wait_read,
      [weak = weak_from_this(), watch = ++watch_, on_end = std::move(on_end)](std::error_code) {
        // A handler that was already queued when the watch ended must not call `on_end`.
        const auto connection = weak.lock();
        if (connection && connection->watch_ == watch) on_end();
      });
}

void WorkerConnection::stop_watching() {
  if (!std::exchange(watched_, false)) return;
  ++watch_;
  socket_.cancel();
}

protocol::ClientExchange WorkerConnection::begin_exchange(const ImageRequest& request) const {
  const bool takes_thumbnail = hello_ && hello_->takes_thumbnail;
  return Exchange(*request.image, dialect(), request.top, patience(request.deadline),
                  takes_thumbnail ? request.thumbnail_side : std::nullopt, pipelines(request));
}

/// True if the image is sent together with its size. For small images this saves two system calls
/// and a round trip.
bool WorkerConnection::pipelines(const ImageRequest& request) const {
  return kept_ && hello_ && hello_->takes_pipelining &&
         request.image->message().size() <= Exchange::pipelined_bytes_max;
}

/// How long the worker may work on an image whose request ends at `deadline`; std::nullopt if the
/// worker doesn't support timeouts.
std::optional<std::chrono::milliseconds> WorkerConnection::patience(
    Clock::time_point deadline) const {
  if (!hello_ || !hello_->takes_timeout) return std::nullopt;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return std::clamp(rest, std::chrono::milliseconds(1), options_.timeouts.result);
}

std::chrono::milliseconds WorkerConnection::timeout(Exchange::Step step) const {
  switch (step) {
    case Exchange::Step::size_answer:
      return options_.timeouts.answer;
    case Exchange::Step::image_answer:
      return options_.timeouts.image;
    case Exchange::Step::result:
      break;
  }
  return options_.timeouts.result;
}

AttemptFailure WorkerConnection::failure(std::error_code why, protocol::Progress progress) const {
  using Kind = AttemptFailure::Kind;
  // The worker is alive, but this connection can't be used again. This is treated like the end of
  // an idle connection, so that the plan uses a fresh one.
  if (why == protocol::Errc::pipelined_refused) {
    return {.kind = Kind::closed, .progress = {}, .reused = kept_, .why = why};
  }
  const bool ours = why.category() == protocol::error_category();
  const Kind kind = why == io::Errc::timed_out ? Kind::timed_out
                    : ours                     ? Kind::nonsense
                    : why == asio::error::eof  ? Kind::closed
                                               : Kind::connection_lost;
  return {.kind = kind, .progress = progress, .reused = kept_, .why = why};
}

}  // namespace samoyed::dispatcher
