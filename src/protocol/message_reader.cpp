#include "samoyed/protocol/message_reader.hpp"

#include <algorithm>
#include <utility>

#include "samoyed/protocol/errc.hpp"
#include "samoyed/protocol/message.hpp"

namespace samoyed::protocol {
namespace {

/// Length of `SP checksum`, the end of every data message.
constexpr std::size_t trailer_bytes = 1 + checksum_text_bytes;
/// The start of every data message.
constexpr std::string_view prefix = "D ";

bool may_stand_in_text(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; }

}  // namespace

void MessageReader::append(std::string_view bytes) {
  if (unread().empty() && !malformed_) bytes.remove_prefix(take_directly(bytes));
  if (bytes.empty()) return;
  buffer_.erase(0, std::exchange(read_offset_, 0));
  buffer_.append(bytes);
}

void MessageReader::skip(std::uint64_t count) {
  const auto unread_now = static_cast<std::size_t>(std::min<std::uint64_t>(count, unread().size()));
  skip_bytes_ += count - unread_now;
  consume(unread_now);
}

void MessageReader::begin_image(std::uint64_t text_length, bool keep) {
  in_image_ = true;
  image_ = ImageState{};
  image_.text_length = text_length;
  image_.keep = keep;
  if (keep) image_.decoder = Base64Decoder(text_length);
}

Message MessageReader::next() {
  if (malformed_) return Malformed{malformed_};
  if (skip_bytes_ > 0) return NeedMore{};
  if (in_image_) return next_image();
  if (unread().empty()) return NeedMore{};
  switch (unread().front()) {
    case ack:
      consume(1);
      return Ack{};
    case nack:
      consume(1);
      return Nack{};
    default:
      return next_text();
  }
}

Message MessageReader::next_text() {
  const std::string_view bytes = unread();
  const std::string_view start = bytes.substr(0, prefix.size());
  if (start != prefix.substr(0, start.size())) return malformed(Errc::not_the_protocol);

  // The bytes searched so far contain no end, but one may begin in the last of them.
  std::size_t space = std::max(prefix.size(), scanned_ - std::min(scanned_, trailer_bytes - 1));
  while ((space = bytes.find(' ', space)) != bytes.npos && space + trailer_bytes <= bytes.size()) {
    if (is_checksum_text(bytes.substr(space + 1, checksum_text_bytes))) break;
    ++space;
  }
  const bool ends = space != bytes.npos && space + trailer_bytes <= bytes.size();
  const std::size_t size = ends ? space + trailer_bytes : bytes.size();
  // Bytes beyond the limit aren't checked, because the result must not depend on how many of them
  // have arrived.
  const std::size_t checked_end = std::min(size, text_bytes_max_);
  const std::string_view unchecked = bytes.substr(scanned_, checked_end - scanned_);
  if (!std::all_of(unchecked.begin(), unchecked.end(), may_stand_in_text)) {
    return malformed(Errc::not_the_protocol);
  }
  if (size > text_bytes_max_) return malformed(Errc::message_too_long);
  if (!ends) {
    scanned_ = bytes.size();
    return NeedMore{};
  }
  const std::string_view payload = bytes.substr(prefix.size(), space - prefix.size());
  TextMessage message{
      .payload = std::string(payload),
      .intact = bytes.substr(space + 1, checksum_text_bytes) == checksum_text(payload)};
  consume(size);
  return message;
}

Message MessageReader::next_image() {
  consume(take_image(unread()));
  if (malformed_) return Malformed{malformed_};
  if (image_.offset < image_.end()) return NeedMore{};

  ImageMessage message;
  message.intact = image_.trailer == " " + image_.checksum.text();
  message.kept = image_.keep;
  message.valid_base64 = image_.keep && image_.decoder.complete();
  if (message.valid_base64) message.bytes = image_.decoder.take();
  in_image_ = false;
  image_ = ImageState{};
  return message;
}

void MessageReader::consume(std::size_t count) {
  read_offset_ += count;
  scanned_ = 0;
  if (read_offset_ == buffer_.size()) {
    buffer_.clear();
    read_offset_ = 0;
  }
}

/// Consumes bytes that need no buffer because no unread bytes precede them: bytes to be dropped and
/// those of an image. Returns how many bytes it consumed.
std::size_t MessageReader::take_directly(std::string_view bytes) {
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_bytes_, bytes.size()));
  skip_bytes_ -= skipped;
  return skipped + (in_image_ ? take_image(bytes.substr(skipped)) : 0);
}

/// Continues reading the image message and returns how many of the bytes it consumed. Stops before
/// the first byte that doesn't fit the message.
std::size_t MessageReader::take_image(std::string_view bytes) {
  const std::uint64_t payload_end = prefix.size() + image_.text_length;
  std::size_t taken = 0;
  while (taken < bytes.size() && image_.offset < image_.end()) {
    std::string_view piece = bytes.substr(taken);
    if (image_.offset < prefix.size()) {
      if (piece.front() != prefix[static_cast<std::size_t>(image_.offset)]) {
        malformed(Errc::not_the_protocol);
        return taken;
      }
      piece = piece.substr(0, 1);
    } else if (image_.offset < payload_end) {
      piece = piece.substr(0, payload_end - image_.offset);
      image_.checksum.update(piece);
      if (image_.keep) image_.decoder.update(piece);
    } else {
      piece = piece.substr(0, image_.end() - image_.offset);
      image_.trailer += piece;
    }
    image_.offset += piece.size();
    taken += piece.size();
  }
  return taken;
}

Message MessageReader::malformed(std::error_code why) {
  malformed_ = why;
  return Malformed{why};
}

}  // namespace samoyed::protocol
