#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "samoyed/protocol/byte_budget.hpp"
#include "samoyed/protocol/limits.hpp"
#include "samoyed/protocol/message_reader.hpp"
#include "samoyed/protocol/wire.hpp"

namespace samoyed::protocol {

/// The worker's side of a connection, as states and actions without I/O.
///
///        +-- hello: reply --+
///        v                  |
///     awaiting_request -----+
///        |    ^  size: A         N: image again
///        v    |                  |
///     awaiting_image <-----------+
///        |    |  image: A
///        |    +--> draining    (only after a refused image)
///        v            |
///     recognizing <---+
///        |       result
///        v
///     awaiting_ack --- N, or a second without an answer on a plain connection: result again;
///                      A: back to awaiting_request
///
/// The caller, which does the I/O, asks `next()` for the next action, carries it out and reports
/// what happened. `draining` waits for the second copy of a refused image, which a reference client
/// always sends. A result that was sent several times may be answered that many times; surplus
/// answers are dropped before the next request. A peer that closes the connection, even only its
/// own direction, has left, because nobody would acknowledge the result. Not thread-safe: use from
/// one thread.
class WorkerExchange {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::uint64_t image_bytes_max = image_bytes_max_default;
    /// Limits the bytes of images being received on all connections together; null for no limit. An
    /// image that exceeds it, or that has to make room for others because it is slow, is read,
    /// dropped and answered with `busy`.
    ByteBudget* receiving = nullptr;
  };

  /// What the peer is expected to send. The caller sets a separate deadline for each step.
  enum class Step { request, image, second_copy, result_ack };

  /// Read from the peer and report `received`, `ended` or, when the step's deadline has passed,
  /// `timed_out`. If `ask_again_at` is set and nothing has arrived by then, call `next` again; the
  /// step and its deadline continue.
  struct Read {
    Step step;
    std::optional<Clock::time_point> ask_again_at = std::nullopt;
  };
  /// Write these bytes, at least `pause` after the last read or write.
  struct Write {
    std::string bytes;
    std::chrono::milliseconds pause{0};
    /// True if this repeats a result that the peer hasn't answered. The current step and its
    /// deadline continue.
    bool repeats = false;
    /// The reason, if this answers an image that was refused without a Recognize action.
    std::optional<RefusalReason> refused = std::nullopt;
  };
  /// Recognize the image and report `recognized`. Meanwhile, as long as `takes_early_bytes` is
  /// true, read from the peer and report `received` or `ended`. After `ended` the result is no
  /// longer needed.
  struct Recognize {
    std::vector<std::byte> image_file;
    int top = top_default;
    /// When the client stops waiting, if it sent a timeout.
    std::optional<Clock::time_point> wanted_until = std::nullopt;
    /// Longer side of the thumbnail in pixels, if the client requested one.
    std::optional<int> thumbnail_side = std::nullopt;
  };
  /// Close the connection. `why` is empty if the peer closed between two exchanges.
  struct Close {
    std::error_code why;
  };
  using Action = std::variant<Read, Write, Recognize, Close>;

  /// `describe_worker` returns the worker's description of itself. It is called for each hello.
  WorkerExchange(Limits limits, std::function<WorkerHello()> describe_worker)
      : limits_(limits),
        describe_worker_(std::move(describe_worker)),
        reader_(request_text_bytes_max),
        receiving_(limits.receiving, [this] { drop_image(); }) {}

  /// Returns the next action. A Write counts as done when `next` is called again. `now` only
  /// matters for clients that send a timeout, slow images and unacknowledged results.
  Action next(Clock::time_point now = {});

  void received(std::string_view bytes);
  /// The peer closed or reset the connection.
  void ended(std::error_code why);
  /// The deadline of the last Read's step has passed.
  void timed_out();
  void recognized(const Result& result);

  /// True while there is room for bytes that the peer sends before its result.
  bool takes_early_bytes() const { return reader_.unread().size() < early_bytes_max; }

  /// True if closing the connection now would interrupt nothing.
  bool between_exchanges() const {
    return state_ == State::awaiting_request && reader_.unread().empty();
  }

 private:
  enum class State {
    awaiting_request,
    awaiting_image,
    draining,
    recognizing,
    awaiting_ack,
    closed
  };

  Action await_request(Clock::time_point now);
  Action on_request(const TextMessage& message, Clock::time_point now);
  Action on_size(const std::string& payload, Clock::time_point now);
  Action await_image(Clock::time_point now);
  Action on_image(ImageMessage message, Clock::time_point now);
  Action await_second_copy();
  Action send_result();
  Write write_result(std::chrono::milliseconds pause);
  Action await_ack(Clock::time_point now);
  Action await_answer_or_repeat(Clock::time_point now);
  void drop_image();
  Action refuse(std::error_code if_too_often);
  Action close(std::error_code why);
  void drop_spare_answers();
  bool drop_request_copies();
  void drop_late_image_copies();

  Limits limits_;
  std::function<WorkerHello()> describe_worker_;
  MessageReader reader_;
  State state_ = State::awaiting_request;
  Dialect dialect_ = Dialect::plain;
  bool first_message_ = true;
  int refusals_ = 0;             ///< Refusals of the message that is awaited or being answered.
  int copies_due_ = 0;           ///< Extra copies of that message that a reference client sends.
  std::string request_message_;  ///< The complete accepted size message, to recognize its copies.
  SizeRequest size_;
  std::optional<Clock::time_point> wanted_until_;
  bool image_begun_ = false;        ///< True if the reader expects the image message.
  std::optional<Refusal> refusal_;  ///< Decided before recognition, and sent instead.
  ByteBudget::Share receiving_;     ///< The image's bytes, until its recognition begins.
  std::vector<std::byte> image_file_;
  std::string last_data_;        ///< The result or hello reply that is sent again after an N.
  bool hello_answered_ = false;  ///< True if the last message sent was a hello reply.
  // About the last result:
  int unanswered_copies_ = 0;  ///< How often it was sent, minus the answers to it.
  int repeats_left_ = 0;       ///< How often it may still be repeated without an N.
  std::optional<Clock::time_point> repeat_at_;  ///< Unset until the previous copy has been written.
  std::error_code closed_;
};

}  // namespace samoyed::protocol
