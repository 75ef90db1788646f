#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace samoyed::fuzz {

/// An input that consists of a stream of bytes and of the events that its reader sees.
///
///     count, `count` steps of one byte each, stream
///
/// A step below 240 is a piece of that many bytes plus one. 240 to 250 is the rest of the stream,
/// 251 and 252 are a read timeout, 253 and 254 the end of the stream, and 255 a broken connection.
/// After the last step the rest of the stream arrives in one piece, so an input that begins with a
/// zero byte is a plain stream.
class Script {
 public:
  enum class Event { piece, timed_out, ended, broken };

  explicit Script(std::string_view input) {
    if (input.empty()) return;
    const std::size_t count = static_cast<unsigned char>(input.front());
    steps_ = input.substr(1, count);
    stream_ = input.substr(std::min(1 + count, input.size()));
    rest_ = stream_;
  }

  std::string_view stream() const { return stream_; }
  std::size_t step_count() const { return steps_.size(); }

  /// True if there were only pieces so far. The same stream in one piece must then have the same
  /// effect.
  bool only_pieces() const { return only_pieces_; }

  /// Returns the next event of the reader. For `piece`, the bytes are in piece(). At the end of the
  /// stream, returns `ended`.
  Event next() {
    piece_ = {};
    constexpr std::size_t longest_piece = 240;
    constexpr std::size_t rest = 250;
    std::size_t step = rest;
    if (!steps_.empty()) {
      step = static_cast<unsigned char>(steps_.front());
      steps_.remove_prefix(1);
    }
    if (step > rest) {
      only_pieces_ = false;
      return step < 253 ? Event::timed_out : step < 255 ? Event::ended : Event::broken;
    }
    if (rest_.empty()) return Event::ended;
    piece_ = rest_.substr(0, step < longest_piece ? step + 1 : rest_.size());
    rest_.remove_prefix(piece_.size());
    return Event::piece;
  }

  std::string_view piece() const { return piece_; }

 private:
  std::string_view steps_;
  std::string_view stream_;
  std::string_view rest_;
  std::string_view piece_;
  bool only_pieces_ = true;
};

}  // namespace samoyed::fuzz
