#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>

#include "samoyed/protocol/encoded_image.hpp"
#include "samoyed/protocol/limits.hpp"
#include "samoyed/protocol/message.hpp"
#include "samoyed/protocol/message_reader.hpp"
#include "samoyed/protocol/wire.hpp"

namespace samoyed::protocol {

/// What a client learns from the first message on a new connection.
struct Greeted {
  /// std::nullopt if the peer is a reference server, which answered A and will close.
  std::optional<WorkerHello> hello;
};

/// The client's hello on a new connection, as a sequence of actions without I/O.
class ClientGreeting {
 public:
  struct Read {};
  struct Write {
    std::string_view bytes;
  };
  struct Failed {
    std::error_code why;
  };
  using Action = std::variant<Read, Write, Greeted, Failed>;

  Action next();
  void received(std::string_view bytes) { reader_.append(bytes); }

 private:
  Action refuse_reply();

  MessageReader reader_{result_text_bytes_max};
  std::string request_ = data_message(hello_payload);
  bool request_due_ = true;
  int refusals_ = 0;
  int reply_refusals_ = 0;
};

/// How far an exchange got. The meaning of a failure depends on it.
enum class Progress {
  nothing_answered,  ///< The peer has sent no byte.
  size_answered,     ///< The peer has sent something, but the image wasn't fully written.
  image_sent,        ///< The whole image message was written.
};

/// The client's side of one image's exchange, as states and actions without I/O.
///
///     sending_size -- A --> sending_image -- A --> awaiting_result -- result: A --> finished
///        ^ N |                 ^ N |                   ^      |
///        +---+                 +---+                   +- N --+
///
/// With `pipelining` the image message follows its size message immediately. A worker that refuses
/// the size can't know where the image ends, so in that case the exchange fails with
/// `Errc::pipelined_refused`.
///
/// Not thread-safe: use from one thread. The image must outlive it.
class ClientExchange {
 public:
  /// What the peer is expected to send. The caller, which does the I/O, sets a separate deadline
  /// for each step.
  enum class Step { size_answer, image_answer, result };

  struct Read {
    Step step;
  };
  /// Write these bytes, and then `more`. `step` is the answer that the peer sends next.
  struct Write {
    Step step;
    std::string_view bytes;
    std::string_view more = {};
  };
  struct Finished {
    Result result;
    /// True if the connection can carry another exchange: it began with a hello that a Samoyed
    /// worker answered, and the stream is at the end of a message. A connection in the plain
    /// dialect is never reusable, because a reference server no longer reads from it, even if it
    /// leaves it open.
    bool reusable = false;
  };
  struct Failed {
    std::error_code why;
  };
  using Action = std::variant<Read, Write, Finished, Failed>;

  /// Largest image message that may follow its size immediately. It is small enough that the time
  /// limit for one answer also covers its transfer.
  static constexpr std::size_t pipelined_bytes_max = std::size_t{64} << 10;

  /// `top`, `timeout` and `thumbnail_side` are sent in the extended dialect only. `timeout` is how
  /// long the client waits for the result. Pass `timeout` only for a worker whose hello has
  /// `takes_timeout`, and `thumbnail_side` only for one whose hello has `takes_thumbnail`. Set
  /// `pipelining` only for a worker whose hello has `takes_pipelining` and for an image message of
  /// up to `pipelined_bytes_max`. Don't set it for the first exchange on a connection, because an
  /// image whose pipelined size was refused (Errc::pipelined_refused) is retried on a new
  /// connection without pipelining.
  ClientExchange(const EncodedImage& image, Dialect dialect, std::optional<int> top,
                 std::optional<std::chrono::milliseconds> timeout = std::nullopt,
                 std::optional<int> thumbnail_side = std::nullopt, bool pipelining = false);

  /// Returns the next action. A Write counts as done when `next` is called again.
  Action next();
  void received(std::string_view bytes);

  Progress progress() const { return progress_; }

 private:
  enum class State { sending_size, sending_image, awaiting_result, acknowledging };

  Action write_size();
  Action await_answer(Step step, State after);
  Action await_result();

  const EncodedImage& image_;
  Dialect dialect_;
  bool pipelining_;
  MessageReader reader_{result_text_bytes_max};
  std::string size_message_;
  State state_ = State::sending_size;
  bool write_due_ = true;  ///< The state's message has to be written, for the first time or again.
  int refusals_ = 0;
  Progress progress_ = Progress::nothing_answered;
  std::optional<Result> result_;
};

}  // namespace samoyed::protocol
