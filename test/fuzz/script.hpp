#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace samoyed::fuzz {

/// An input that is a stream of bytes, and what happens to its reader on the way.
///
///     count, `count` steps of one byte each, stream
///
/// A step below 240 is a piece of that many bytes and one; above it is the rest of the stream, the
/// passing of the read's time, or the stream's end or breakage. After the last step the rest comes
/// at once, so an input that begins with a zero byte is a plain stream.
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

  /// True if nothing but pieces came so far: the same stream in one piece must then lead to the
  /// same.
  bool only_pieces() const { return only_pieces_; }

  /// What happens to a reader now; `piece` is then in piece(). At the stream's end: `ended`.
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
