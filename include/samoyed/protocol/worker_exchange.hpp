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
/// The shell asks `next()` what to do, does it, and reports what happened. `draining` waits for the
/// second copy of a refused image, which a reference client always sends. A result that was sent
/// several times may be answered as often: the answers that are left over are dropped before the
/// next request. A peer that closes, even its own direction only, has left: nobody would
/// acknowledge the result. Not thread-safe.
class WorkerExchange {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::uint64_t image_bytes_max = image_bytes_max_default;
    /// What images may hold on all connections together while they are being received; null for no
    /// bound. An image that exceeds it, or has to make room for others because it is slow, is read
    /// and dropped, and answered `busy`.
    ByteBudget* receiving = nullptr;
  };

  /// What the peer is expected to send; each has a deadline of its own in the shell.
  enum class Step { request, image, second_copy, result_ack };

  /// Read from the peer and report `received`, `ended` or, when the step's time has passed,
  /// `timed_out`. Ask `next` again at `ask_again_at`, if there is one and nothing has come by then;
  /// the step goes on.
  struct Read {
    Step step;
    std::optional<Clock::time_point> ask_again_at = std::nullopt;
  };
  /// Write these bytes, `pause` after the last thing that was read or written.
  struct Write {
    std::string bytes;
    std::chrono::milliseconds pause{0};
    /// It repeats what the peer left unanswered: the step that is waited for, and its time, go on.
    bool repeats = false;
    /// Why, where it answers an image that was never given to recognize.
    std::optional<RefusalReason> refused = std::nullopt;
  };
  /// Recognize the image and report `recognized`; meanwhile, while `takes_early_bytes`, read from
  /// the peer and report `received` or `ended`. After `ended` nobody wants the result.
  struct Recognize {
    std::vector<std::byte> image_file;
    int top = top_default;
    /// When the client stops waiting, if it sent that.
    std::optional<Clock::time_point> wanted_until = std::nullopt;
    /// Of the thumbnail, in pixels, if the client wants one.
    std::optional<int> thumbnail_side = std::nullopt;
  };
  /// Close the connection. `why` is empty if the peer ended between two exchanges.
  struct Close {
    std::error_code why;
  };
  using Action = std::variant<Read, Write, Recognize, Close>;

  /// `describe_worker` returns what the worker says of itself; it is called when a client asks.
  WorkerExchange(Limits limits, std::function<WorkerHello()> describe_worker)
      : limits_(limits),
        describe_worker_(std::move(describe_worker)),
        reader_(request_text_bytes_max),
        receiving_(limits.receiving, [this] { drop_image(); }) {}

  /// The next thing to do; a Write counts as done when `next` is called again. `now` matters to
  /// clients only that say how long they wait, to images that are slow, and to results that are not
  /// acknowledged.
  Action next(Clock::time_point now = {});

  void received(std::string_view bytes);
  /// The peer closed or reset the connection.
  void ended(std::error_code why);
  /// The time of the step that the last Read named has passed.
  void timed_out();
  void recognized(const Result& result);

  /// True while what the peer sends before its result is read already.
  bool takes_early_bytes() const { return reader_.unread().size() < early_bytes_max; }

  /// True if closing now would cut nothing off.
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
  int refusals_ = 0;             ///< Of the message that is awaited or being answered.
  int copies_due_ = 0;           ///< Extra copies of it that a reference client sends.
  std::string request_message_;  ///< The accepted size message, whole, to know its copies by.
  SizeRequest size_;
  std::optional<Clock::time_point> wanted_until_;
  bool image_begun_ = false;        ///< The reader expects the image message.
  std::optional<Refusal> refusal_;  ///< Known before recognition: sent in place of a recognition.
  ByteBudget::Share receiving_;     ///< What is kept of the image up to its recognition.
  std::vector<std::byte> image_file_;
  std::string last_data_;        ///< The result or hello reply that an N would ask for again.
  bool hello_answered_ = false;  ///< The last thing sent was a hello reply.
  // Of the last result:
  int unanswered_copies_ = 0;  ///< How often it was sent, less the answers to it.
  int repeats_left_ = 0;       ///< How often it may still be sent without being asked for.
  std::optional<Clock::time_point> repeat_at_;  ///< Unset until the copy before has been written.
  std::error_code closed_;
};

}  // namespace samoyed::protocol
