#include "dispatcher/load/worker_client.hpp"

#include <array>

#include "dispatcher/load/resolve.hpp"
#include "dispatcher/load/socket.hpp"
#include "samoyed/protocol/client_exchange.hpp"
#include "samoyed/protocol/errc.hpp"

namespace samoyed::load {
namespace {

using protocol::ClientExchange;
using protocol::ClientGreeting;

/// Records when each step of an exchange ends.
class StepClock {
 public:
  void begin() {
    times_ = {};
    last_ = Clock::now();
  }
  void ends(ClientExchange::Step step) {
    const auto now = Clock::now();
    switch (step) {
      case ClientExchange::Step::size_answer:
        times_.size += now - last_;
        break;
      case ClientExchange::Step::image_answer:
        times_.image += now - last_;
        break;
      case ClientExchange::Step::result:
        times_.result += now - last_;
        break;
    }
    last_ = now;
  }
  const StepTimes& times() const { return times_; }

 private:
  StepTimes times_;
  Clock::time_point last_;
};

class WorkerClient final : public Client {
 public:
  WorkerClient(const asio::any_io_executor& executor, const WorkerTarget& target,
               WorkerTarget::Worker& worker)
      : socket_(executor), target_(target), worker_(worker) {}

  asio::awaitable<Ending> send(std::size_t image, Clock::time_point deadline) override {
    socket_.begin(deadline);
    const bool kept = socket_.is_open();
    Ending ending = co_await try_once(target_.image(image));
    // The worker may close an idle connection at any time; that says nothing about the image.
    if (kept && ending.kind == Ending::Kind::failed && nothing_answered_ &&
        Clock::now() < deadline) {
      ending = co_await try_once(target_.image(image));
    }
    socket_.end();
    co_return ending;
  }

  void watch(Clock::time_point now) override { socket_.watch(now); }

 private:
  asio::awaitable<Ending> try_once(const protocol::EncodedImage& image) {
    nothing_answered_ = true;
    std::error_code error;
    const bool kept = socket_.is_open();
    if (!kept) error = co_await open();
    Ending ending;
    if (!error) error = co_await exchange(image, kept, ending);
    if (error) {
      // `send` then uses a fresh connection, as after the end of an idle one.
      if (error == protocol::Errc::pipelined_refused) nothing_answered_ = true;
      socket_.close();
      ending = {.kind = Ending::Kind::failed, .why = error.message()};
    }
    co_return ending;
  }

  asio::awaitable<std::error_code> open() {
    if (auto error = co_await socket_.connect(worker_.endpoints)) co_return error;
    if (worker_.is_reference) co_return std::error_code();
    ClientGreeting greeting;
    while (true) {
      const ClientGreeting::Action action = greeting.next();
      std::error_code error;
      if (const auto* write = std::get_if<ClientGreeting::Write>(&action)) {
        error = co_await socket_.write(write->bytes);
      } else if (std::holds_alternative<ClientGreeting::Read>(action)) {
        const std::size_t size = co_await socket_.read(buffer_, error);
        greeting.received({buffer_.data(), size});
      } else if (const auto* greeted = std::get_if<protocol::Greeted>(&action)) {
        worker_.takes_pipelining = greeted->hello && greeted->hello->takes_pipelining;
        if (greeted->hello) co_return std::error_code();
        worker_.is_reference = true;
        co_return co_await socket_.connect(worker_.endpoints);
      } else {
        error = std::get<ClientGreeting::Failed>(action).why;
      }
      if (error) co_return error;
    }
  }

  asio::awaitable<std::error_code> exchange(const protocol::EncodedImage& image, bool kept,
                                            Ending& ending) {
    const auto dialect =
        worker_.is_reference ? protocol::Dialect::plain : protocol::Dialect::extended;
    // The dispatcher pipelines in the same cases.
    const bool pipelining = kept && worker_.takes_pipelining &&
                            image.message().size() <= ClientExchange::pipelined_bytes_max;
    ClientExchange exchange(image, dialect, target_.settings().top, /*timeout=*/std::nullopt,
                            /*thumbnail_side=*/std::nullopt, pipelining);
    std::optional<ClientExchange::Step> step;
    steps_.begin();
    while (true) {
      ClientExchange::Action action = exchange.next();
      std::error_code error;
      if (const auto* write = std::get_if<ClientExchange::Write>(&action)) {
        note(step, write->step);
        error = co_await socket_.write(write->bytes, write->more);
      } else if (const auto* read = std::get_if<ClientExchange::Read>(&action)) {
        note(step, read->step);
        const std::size_t size = co_await socket_.read(buffer_, error);
        nothing_answered_ = nothing_answered_ && size == 0;
        exchange.received({buffer_.data(), size});
      } else if (auto* finished = std::get_if<ClientExchange::Finished>(&action)) {
        steps_.ends(ClientExchange::Step::result);
        finish(*finished, ending);
        co_return std::error_code();
      } else {
        error = std::get<ClientExchange::Failed>(action).why;
      }
      if (error) co_return error;
    }
  }

  void note(std::optional<ClientExchange::Step>& step, ClientExchange::Step next) {
    if (step && *step != next) steps_.ends(*step);
    step = next;
  }

  void finish(const ClientExchange::Finished& finished, Ending& ending) {
    if (!finished.reusable || target_.settings().fresh_connections) {
      socket_.close();
    }
    ending.steps = steps_.times();
    if (const auto* refusal = std::get_if<protocol::Refusal>(&finished.result)) {
      ending.kind = Ending::Kind::refused;
      ending.why = to_string(refusal->reason);
    } else {
      ending.worker_times = std::get<protocol::Recognition>(finished.result).times;
    }
  }

  Socket socket_;
  const WorkerTarget& target_;
  WorkerTarget::Worker& worker_;
  StepClock steps_;
  std::array<char, 4096> buffer_;
  bool nothing_answered_ = true;  ///< In this attempt.
};

}  // namespace

WorkerTarget::WorkerTarget(const asio::any_io_executor& executor,
                           std::vector<protocol::Address> addresses,
                           const std::vector<std::vector<std::byte>>& image_files,
                           Settings settings)
    : addresses_(std::move(addresses)), settings_(settings) {
  for (const auto& address : addresses_) {
    workers_.push_back({.endpoints = resolve(executor, address)});
  }
  for (const auto& file : image_files) images_.emplace_back(file);
}

std::unique_ptr<Client> WorkerTarget::make_client(const asio::any_io_executor& executor) {
  auto& worker = workers_[next_worker_++ % workers_.size()];
  return std::make_unique<WorkerClient>(executor, *this, worker);
}

std::string WorkerTarget::name() const {
  std::string names;
  for (const auto& address : addresses_) {
    names += (names.empty() ? "worker " : ", worker ") + to_string(address);
  }
  return names;
}

}  // namespace samoyed::load
