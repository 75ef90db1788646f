#include "worker/session.hpp"

#include <exception>
#include <utility>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/peer_name.hpp"

namespace samoyed::worker {
namespace {

/// A result on its way from a recognition thread to the network thread.
struct PendingResult {
  explicit PendingResult(const asio::any_io_executor& executor)
      : arrived(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer arrived;  ///< Cancelled on arrival.
  protocol::Result result;
};

std::string describe(const protocol::Result& result) {
  if (const auto* refusal = std::get_if<protocol::Refusal>(&result)) {
    return fmt::format("refused: {} {}", to_string(refusal->reason), refusal->detail);
  }
  const auto& recognition = std::get<protocol::Recognition>(result);
  const protocol::PhaseTimes times = recognition.times.value_or(protocol::PhaseTimes{});
  const std::string top =
      recognition.top.empty()
          ? "no label"
          : fmt::format("{} {:.3f}", recognition.top[0].label, recognition.top[0].probability);
  return fmt::format("{}x{}, {}, queue {:.1f} decode {:.1f} resize {:.1f} forward {:.1f} ms",
                     recognition.width, recognition.height, top, times.queue_ms, times.decode_ms,
                     times.resize_ms, times.forward_ms);
}

}  // namespace

Session::Session(asio::ip::tcp::socket socket, RecognitionQueue& queue,
                 const ModelDescription& description, protocol::WorkerExchange::Limits limits,
                 SessionTimeouts timeouts)
    : socket_(std::move(socket)),
      queue_(queue),
      description_(description),
      limits_(limits),
      timeouts_(timeouts),
      exchange_(limits),
      peer_(io::peer_name(socket_.socket())),
      last_io_(io::Clock::now()) {}

asio::awaitable<void> Session::run() {
  const auto keep_alive = shared_from_this();
  while (true) {
    Exchange::Action action = exchange_.next(hello());
    if (const auto* read = std::get_if<Exchange::Read>(&action)) {
      co_await perform(*read);
    } else if (const auto* write = std::get_if<Exchange::Write>(&action)) {
      co_await perform(*write);
    } else if (auto* image = std::get_if<Exchange::Recognize>(&action)) {
      co_await perform(std::move(*image));
    } else {
      const std::error_code why = std::get<Exchange::Close>(action).why;
      if (why) spdlog::warn("{}: connection ended: {}", peer_, why.message());
      co_return;
    }
  }
}

void Session::stop() {
  stopping_ = true;
  if (idle_) socket_.cancel();
}

asio::awaitable<void> Session::perform(Exchange::Read read) {
  if (step_ != read.step) {
    step_ = read.step;
    step_deadline_ = io::Clock::now() + timeout(read.step);
  }
  idle_ = exchange_.between_exchanges();
  if (idle_ && stopping_) {
    exchange_.ended({});
    co_return;
  }
  std::error_code error;
  const std::size_t size =
      co_await socket_.read_some(asio::buffer(read_buffer_), step_deadline_, error);
  idle_ = false;
  last_io_ = io::Clock::now();
  if (!error) {
    exchange_.received({read_buffer_.data(), size});
  } else if (error == protocol::Errc::timed_out) {
    exchange_.timed_out();
  } else {
    const bool orderly =
        error == asio::error::eof || (stopping_ && error == asio::error::operation_aborted);
    exchange_.ended(orderly ? std::error_code() : error);
  }
}

asio::awaitable<void> Session::perform(const Exchange::Write& write) {
  step_.reset();
  if (const auto due = last_io_ + write.pause; due > io::Clock::now()) {
    asio::steady_timer pause(socket_.socket().get_executor(), due);
    std::error_code ignored;  // Nobody cancels the pause.
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  std::error_code error;
  co_await socket_.write(asio::buffer(write.bytes), io::Clock::now() + timeouts_.ack, error);
  last_io_ = io::Clock::now();
  if (error) exchange_.ended(error);
}

asio::awaitable<void> Session::perform(Exchange::Recognize image) {
  const auto start = io::Clock::now();
  const std::size_t image_bytes = image.image_file.size();
  const auto executor = socket_.socket().get_executor();
  const auto pending = std::make_shared<PendingResult>(executor);
  RecognitionQueue::Done done = [pending, executor](protocol::Result result) {
    asio::post(executor, [pending, result = std::move(result)]() mutable {
      pending->result = std::move(result);
      pending->arrived.cancel();
    });
  };
  if (queue_.submit(std::move(image.image_file), image.top, std::move(done))) {
    std::error_code ignored;  // The wait always ends by being cancelled.
    co_await pending->arrived.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  } else {
    pending->result =
        protocol::Refusal{protocol::RefusalReason::busy, "The worker's queue is full."};
  }
  const std::chrono::duration<double, std::milli> elapsed = io::Clock::now() - start;
  log_image(image_bytes, pending->result, elapsed.count());
  exchange_.recognized(pending->result);
}

std::chrono::milliseconds Session::timeout(Exchange::Step step) const {
  switch (step) {
    case Exchange::Step::request:
      return timeouts_.request;
    case Exchange::Step::image:
      return timeouts_.image;
    case Exchange::Step::second_copy:
      return protocol::second_copy_wait;
    case Exchange::Step::ack:
      break;
  }
  return timeouts_.ack;
}

protocol::WorkerHello Session::hello() const {
  return {.model = description_.name,
          .label_count = description_.label_count,
          .trained = description_.trained,
          .image_bytes_max = limits_.image_bytes_max,
          .busy = queue_.full()};
}

void Session::log_image(std::size_t image_bytes, const protocol::Result& result,
                        double elapsed_ms) const {
  spdlog::info("{}: {} bytes, {}, {:.1f} ms", peer_, image_bytes, describe(result), elapsed_ms);
}

}  // namespace samoyed::worker
