#include "worker/serving/session.hpp"

#include <algorithm>
#include <utility>

#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/endpoint_text.hpp"
#include "samoyed/io/errc.hpp"

namespace samoyed::worker {
namespace {

/// A peer that sends nothing for this long in the middle of an exchange has stalled.
constexpr std::chrono::seconds stall{2};

protocol::Refusal busy(std::string detail) {
  return {protocol::RefusalReason::busy, std::move(detail)};
}

protocol::Refusal waited_too_long() {
  return busy("The worker couldn't start on the image in time.");
}

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

Session::Session(asio::ip::tcp::socket socket, std::shared_ptr<SessionContext> context)
    : socket_(std::move(socket)),
      context_(std::move(context)),
      exchange_({.image_bytes_max = context_->image_bytes_max, .receiving = &context_->receiving},
                [this] { return hello(); }),
      peer_(io::peer_name(socket_.socket())),
      last_io_(io::Clock::now()),
      result_arrived_(socket_.socket().get_executor()) {}

asio::awaitable<void> Session::run() {
  const auto keep_alive = shared_from_this();
  if (context_->tls && !co_await secure()) co_return;
  while (true) {
    Exchange::Action action = exchange_.next(io::Clock::now());
    if (const auto* read = std::get_if<Exchange::Read>(&action)) {
      co_await perform(*read);
    } else if (const auto* write = std::get_if<Exchange::Write>(&action)) {
      co_await perform(*write);
      // Logged after the write, so that the client doesn't wait for the log line.
      if (const auto image = std::exchange(unlogged_, std::nullopt)) log(*image);
    } else if (auto* image = std::get_if<Exchange::Recognize>(&action)) {
      co_await perform(std::move(*image));
    } else {
      if (unlogged_) log(*unlogged_);
      const std::error_code why = std::get<Exchange::Close>(action).why;
      if (why) complain("connection ended: " + why.message());
      co_return;
    }
  }
}

/// Returns false if no encrypted connection came about.
asio::awaitable<bool> Session::secure() {
  const auto limit = timeout(Exchange::Step::request);
  std::error_code error;
  waiting_ = true;
  std::vector<std::string> any_name;
  co_await socket_.handshake(context_->tls, std::move(any_name), io::Clock::now() + limit, error);
  waiting_ = false;
  last_io_ = io::Clock::now();
  if (error && !cut_) complain(context_->tls->explain(error));
  co_return !error;
}

void Session::look_at_drain() {
  if (idle_) socket_.cancel();
}

/// When a connection without an exchange in progress ends; std::nullopt if the worker serves on.
std::optional<io::Clock::time_point> Session::drained_at() const {
  if (!context_->draining) return std::nullopt;
  return any_image_ ? last_io_ : last_io_ + greeting_grace;
}

std::optional<io::Clock::time_point> Session::waiting_since(io::Clock::time_point now) const {
  const bool may_be_cut = waiting_ && !cut_ && (idle_ || now - last_io_ >= stall);
  return may_be_cut ? std::optional(last_io_) : std::nullopt;
}

void Session::cut() {
  cut_ = true;
  socket_.close();
}

asio::awaitable<void> Session::perform(Exchange::Read read) {
  if (step_ != read.step) {
    step_ = read.step;
    step_deadline_ = io::Clock::now() + timeout(read.step);
  }
  idle_ = exchange_.between_exchanges();
  auto deadline = std::min(step_deadline_, read.ask_again_at.value_or(step_deadline_));
  if (const auto end = drained_at(); idle_ && end) {
    if (*end <= io::Clock::now()) {
      exchange_.ended({});
      co_return;
    }
    deadline = std::min(deadline, *end);
  }
  std::error_code error;
  waiting_ = true;
  const std::size_t size = co_await socket_.read_some(asio::buffer(read_buffer_), deadline, error);
  waiting_ = false;
  idle_ = false;
  if (cut_) error = asio::error::eof;
  if (error == io::Errc::timed_out && deadline < step_deadline_) co_return;
  if (error == asio::error::operation_aborted && context_->draining) co_return;
  last_io_ = io::Clock::now();
  if (!error) {
    // The limit for the whole message begins with its first byte.
    if (!std::exchange(any_received_, true)) step_.reset();
    exchange_.received({read_buffer_.data(), size});
  } else if (error == io::Errc::timed_out) {
    exchange_.timed_out();
  } else {
    peer_left(error);
  }
}

asio::awaitable<void> Session::perform(const Exchange::Write& write) {
  if (!write.repeats) step_.reset();
  if (write.refused) {
    any_image_ = true;
    context_->metrics.count(*write.refused);
  }
  if (const auto due = last_io_ + write.pause; due > io::Clock::now()) {
    co_await io::sleep_until(due);
  }
  std::error_code error;
  waiting_ = true;
  co_await socket_.write(asio::buffer(write.bytes), io::Clock::now() + context_->timeouts.ack,
                         error);
  waiting_ = false;
  last_io_ = io::Clock::now();
  if (error) exchange_.ended(error);
}

asio::awaitable<void> Session::perform(Exchange::Recognize image) {
  const auto start = io::Clock::now();
  any_image_ = true;
  context_->last_image = start;
  const auto deadline = std::min(start + context_->timeouts.queue,
                                 image.wanted_until.value_or(io::Clock::time_point::max()));
  const std::size_t image_bytes = image.image_file.size();
  context_->metrics.count_image(image_bytes);
  const auto executor = socket_.socket().get_executor();
  RecognitionQueue::Done done = [session = weak_from_this(), executor](protocol::Result result) {
    asio::post(executor, [session, result = std::move(result)]() mutable {
      if (const auto alive = session.lock()) alive->deliver(std::move(result));
    });
  };
  result_.reset();
  if (deadline <= start) {
    result_ = waited_too_long();
  } else if (const auto ticket = context_->queue.submit(
                 std::move(image.image_file), {image.top, image.thumbnail_side}, std::move(done))) {
    co_await await_result(*ticket, deadline);
  } else {
    result_ = busy("The worker's queue is full.");
  }
  if (!result_) {
    context_->metrics.count_left();
    co_return;
  }
  context_->metrics.count(*result_);
  unlogged_ = RecognizedImage{image_bytes, io::Clock::now() - start};
  exchange_.recognized(*result_);
}

/// Returns once `result_` is set, or with `result_` empty if the peer has left. If the image's
/// recognition hasn't begun by the deadline, the image is removed from the queue and the result is
/// `busy`.
asio::awaitable<void> Session::await_result(RecognitionQueue::Ticket ticket,
                                            io::Clock::time_point deadline) {
  while (!result_) {
    std::error_code error;
    std::size_t size = 0;
    if (exchange_.takes_early_bytes()) {
      size = co_await socket_.read_some(asio::buffer(read_buffer_), deadline, error);
    } else {
      co_await result_arrived_.wait_until(deadline);
      if (result_) co_return;
      error = io::Errc::timed_out;
    }
    if (!error) {
      last_io_ = io::Clock::now();
      exchange_.received({read_buffer_.data(), size});
    } else if (error == io::Errc::timed_out) {
      deadline = io::Clock::time_point::max();
      if (context_->queue.withdraw(ticket)) result_ = waited_too_long();
    } else if (error != asio::error::operation_aborted) {
      context_->queue.withdraw(ticket);
      peer_left(error);
      result_.reset();
      co_return;
    }
  }
}

void Session::deliver(protocol::Result result) {
  result_ = std::move(result);
  socket_.cancel();
  result_arrived_.notify();
}

void Session::peer_left(std::error_code error) {
  exchange_.ended(error == asio::error::eof ? std::error_code() : error);
}

std::chrono::milliseconds Session::timeout(Exchange::Step step) const {
  switch (step) {
    case Exchange::Step::request:
      return any_received_ ? context_->timeouts.request
                           : std::min(context_->timeouts.first_byte, context_->timeouts.request);
    case Exchange::Step::image:
      return context_->timeouts.image;
    case Exchange::Step::second_copy:
      return protocol::second_copy_wait;
    case Exchange::Step::result_ack:
      break;
  }
  return context_->timeouts.ack;
}

protocol::WorkerHello Session::hello() const {
  return {.model = context_->description.name,
          .label_count = context_->description.label_count,
          .trained = context_->description.trained,
          .image_bytes_max = context_->image_bytes_max,
          .busy = context_->queue.full(),
          .takes_timeout = true,
          .takes_thumbnail = true,
          .takes_pipelining = true,
          .sandbox = context_->sandbox,
          .formats = context_->formats,
          .threads = context_->queue.threads(),
          .draining = context_->draining};
}

void Session::log(const RecognizedImage& image) {
  const std::string line =
      fmt::format("{} bytes, {}, {:.1f} ms", image.bytes, describe(*result_), image.took.count());
  if (std::holds_alternative<protocol::Refusal>(*result_)) {
    complain(line);
  } else {
    spdlog::info("{}: {}", peer_, line);
  }
}

void Session::complain(const std::string& what) {
  const auto left_out = context_->complaints.admit(io::Clock::now());
  if (!left_out) return;
  if (*left_out > 0) spdlog::warn("skipped {} lines like the next one", *left_out);
  spdlog::warn("{}: {}", peer_, what);
}

}  // namespace samoyed::worker
