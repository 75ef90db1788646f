#include "samoyed/protocol/worker_exchange.hpp"

#include <utility>

#include "samoyed/protocol/errc.hpp"
#include "samoyed/protocol/message.hpp"

namespace samoyed::protocol {
namespace {

Refusal too_many_receiving() {
  return {RefusalReason::busy,
          "The worker is receiving too much data right now. Try again in a moment."};
}

Refusal too_large(std::uint64_t image_bytes_max) {
  return {RefusalReason::too_large,
          "The image is too large (limit " + std::to_string(image_bytes_max) + " bytes)."};
}

}  // namespace

WorkerExchange::Action WorkerExchange::next(Clock::time_point now) {
  switch (state_) {
    case State::awaiting_request:
      return await_request(now);
    case State::awaiting_image:
      return await_image(now);
    case State::draining:
      return await_second_copy();
    case State::recognizing:
      return send_result();
    case State::awaiting_ack:
      return await_ack(now);
    case State::closed:
      break;
  }
  return Close{closed_};
}

void WorkerExchange::received(std::string_view bytes) {
  reader_.append(bytes);
  if (state_ == State::recognizing) drop_late_image_copies();
}

void WorkerExchange::ended(std::error_code why) {
  // If a client acknowledges one copy of its result and closes while it has not read another copy,
  // its system resets the connection.
  const bool reset_by_copy = between_exchanges() && unanswered_copies_ > 0;
  if (why && !reset_by_copy) {
    close(why);
  } else {
    close(between_exchanges() ? std::error_code() : make_error_code(Errc::truncated));
  }
}

void WorkerExchange::timed_out() {
  if (state_ == State::draining && !reader_.skipping()) {
    // This client sends a refused image only once. If a copy still comes later, it is dropped
    // before the A.
    state_ = State::recognizing;
    return;
  }
  if (state_ == State::awaiting_ack) {
    close(Errc::unacknowledged);
    return;
  }
  close(between_exchanges() && !first_message_ ? std::error_code()
                                               : make_error_code(Errc::timed_out));
}

void WorkerExchange::recognized(const Result& result) {
  last_data_ = data_message(format_result(result, dialect_));
}

WorkerExchange::Action WorkerExchange::await_request(Clock::time_point now) {
  drop_spare_answers();
  Message message = reader_.next();
  if (std::holds_alternative<NeedMore>(message)) return Read{Step::request};
  if (const auto* malformed = std::get_if<Malformed>(&message)) return close(malformed->why);
  if (const auto* text = std::get_if<TextMessage>(&message)) return on_request(*text, now);
  if (std::holds_alternative<Nack>(message) && (hello_answered_ || unanswered_copies_ > 0)) {
    if (++refusals_ > refusals_max) return close(Errc::refused_too_often);
    return Write{last_data_};
  }
  return close(Errc::unexpected_message);
}

WorkerExchange::Action WorkerExchange::on_request(const TextMessage& message,
                                                  Clock::time_point now) {
  if (hello_answered_ || unanswered_copies_ > 0) {
    // The last message sent no longer needs an answer.
    hello_answered_ = false;
    unanswered_copies_ = 0;
    refusals_ = 0;
  }
  if (!message.intact) return refuse(Errc::refused_too_often);
  if (first_message_ && message.payload == hello_payload) {
    first_message_ = false;
    dialect_ = Dialect::extended;
    refusals_ = 0;
    hello_answered_ = true;
    last_data_ = data_message(format_hello(describe_worker_()));
    return Write{last_data_};
  }
  first_message_ = false;
  return on_size(message.payload, now);
}

WorkerExchange::Action WorkerExchange::on_size(const std::string& payload, Clock::time_point now) {
  const ParsedSize parsed = parse_size(payload, dialect_);
  if (parsed.error == SizeError::no_number) {
    // A reference server answers before it reads the number, and clients may rely on that.
    close(Errc::bad_size);
    return Write{std::string(1, ack)};
  }
  size_ = parsed.request;
  wanted_until_.reset();
  if (size_.timeout) wanted_until_ = now + *size_.timeout;
  const std::uint64_t text_length_max = base64_length(limits_.image_bytes_max);
  if (size_.text_length / drain_factor > text_length_max) return close(Errc::image_too_long);
  refusal_.reset();
  if (parsed.error == SizeError::unknown_option) {
    refusal_ = Refusal{RefusalReason::bad_option,
                       "A size message accepts the options top (1 to " + std::to_string(top_max) +
                           "), timeout_ms (at least 1) and thumbnail (1 to " +
                           std::to_string(thumbnail_side_max) + ")."};
  }
  if (size_.text_length > text_length_max) refusal_ = too_large(limits_.image_bytes_max);
  request_message_ = data_message(payload);
  copies_due_ = std::exchange(refusals_, 0);
  state_ = State::awaiting_image;
  image_begun_ = false;
  return Write{std::string(1, ack)};
}

WorkerExchange::Action WorkerExchange::await_image(Clock::time_point now) {
  if (!image_begun_) {
    if (!drop_request_copies()) return Read{Step::image};
    reader_.begin_image(size_.text_length, !refusal_);
    image_begun_ = true;
  }
  Message message = reader_.next();
  if (std::holds_alternative<NeedMore>(message)) {
    if (!receiving_.resize(reader_.kept_bytes(), now)) drop_image();
    return Read{Step::image};
  }
  if (auto* image = std::get_if<ImageMessage>(&message)) return on_image(std::move(*image), now);
  return close(std::get<Malformed>(message).why);
}

WorkerExchange::Action WorkerExchange::on_image(ImageMessage message, Clock::time_point now) {
  if (!message.intact) {
    image_begun_ = false;
    return refuse(Errc::refused_too_often);
  }
  if (message.kept && !message.valid_base64) {
    refusal_ = Refusal{RefusalReason::bad_encoding, "The image was not sent as base64 text."};
  }
  if (message.bytes.size() > limits_.image_bytes_max) {
    // The length of base64 text is the same for up to two more bytes.
    refusal_ = too_large(limits_.image_bytes_max);
    receiving_.release();
  } else if (receiving_.resize(message.bytes.size(), now)) {
    image_file_ = std::move(message.bytes);
  } else {
    drop_image();
  }
  last_data_.clear();
  copies_due_ = std::exchange(refusals_, 0);
  state_ = copies_due_ > 0 && dialect_ == Dialect::plain ? State::draining : State::recognizing;
  return Write{std::string(1, ack)};
}

WorkerExchange::Action WorkerExchange::await_second_copy() {
  while (true) {
    if (reader_.skipping()) return Read{Step::image};
    if (copies_due_ == 0) break;
    if (reader_.unread().empty()) return Read{Step::second_copy};
    if (reader_.unread().front() != data) return close(Errc::unexpected_message);
    reader_.skip(size_.text_length + data_overhead_bytes);
    --copies_due_;
  }
  state_ = State::recognizing;
  return send_result();
}

WorkerExchange::Action WorkerExchange::send_result() {
  if (last_data_.empty() && refusal_) recognized(*refusal_);
  if (last_data_.empty()) {
    receiving_.release();
    return Recognize{std::move(image_file_), size_.top.value_or(top_default), wanted_until_,
                     size_.thumbnail_side};
  }
  // A client that is still sending its late second copy reads nothing. If the result were sent now,
  // it would later read the A and the result at once.
  if (reader_.skipping()) return Read{Step::image};
  state_ = State::awaiting_ack;
  const bool plain = dialect_ == Dialect::plain;
  repeats_left_ = plain ? result_copies_max - 1 : 0;
  Write write = write_result(plain ? result_gap : std::chrono::milliseconds(0));
  if (refusal_) write.refused = refusal_->reason;
  return write;
}

WorkerExchange::Write WorkerExchange::write_result(std::chrono::milliseconds pause) {
  ++unanswered_copies_;
  repeat_at_.reset();
  return {.bytes = last_data_, .pause = pause};
}

WorkerExchange::Action WorkerExchange::await_ack(Clock::time_point now) {
  drop_late_image_copies();
  Message message = reader_.next();
  if (std::holds_alternative<NeedMore>(message)) return await_answer_or_repeat(now);
  if (const auto* malformed = std::get_if<Malformed>(&message)) return close(malformed->why);
  if (std::holds_alternative<Nack>(message)) {
    if (++refusals_ > refusals_max) return close(Errc::refused_too_often);
    // The client reads the copies, so the one that it asks for needs no repetition.
    repeats_left_ = 0;
    --unanswered_copies_;
    return write_result(std::chrono::milliseconds(0));
  }
  if (!std::holds_alternative<Ack>(message)) return close(Errc::unexpected_message);
  --unanswered_copies_;
  refusals_ = 0;
  copies_due_ = 0;
  state_ = State::awaiting_request;
  return await_request(now);
}

/// Waits for the answer to the result, and repeats the result each time an interval passes without
/// one.
WorkerExchange::Action WorkerExchange::await_answer_or_repeat(Clock::time_point now) {
  // A client that is still sending a late copy of its image reads nothing meanwhile. The interval
  // begins when the copy ends.
  if (reader_.skipping()) repeat_at_.reset();
  if (repeats_left_ == 0 || reader_.skipping()) return Read{Step::result_ack};
  if (!repeat_at_) repeat_at_ = now + result_repeat_interval;
  if (now < *repeat_at_) return Read{Step::result_ack, repeat_at_};
  --repeats_left_;
  Write write = write_result(std::chrono::milliseconds(0));
  write.repeats = true;
  return write;
}

/// Drops the whole or partial image, because its bytes are needed for other images.
void WorkerExchange::drop_image() {
  reader_.drop_image();
  image_file_ = {};
  refusal_ = too_many_receiving();
}

WorkerExchange::Action WorkerExchange::refuse(std::error_code if_too_often) {
  if (++refusals_ > refusals_max) return close(if_too_often);
  return Write{std::string(1, nack)};
}

WorkerExchange::Action WorkerExchange::close(std::error_code why) {
  state_ = State::closed;
  closed_ = why;
  return Close{why};
}

/// A client may acknowledge each copy of its last result.
void WorkerExchange::drop_spare_answers() {
  while (unanswered_copies_ > 0 && !reader_.unread().empty() && reader_.unread().front() == ack) {
    reader_.skip(1);
    --unanswered_copies_;
  }
}

/// Drops copies of the size message. Returns true once the next byte of the stream doesn't belong
/// to a copy. An image message can't be mistaken for a copy, because base64 text contains neither
/// spaces nor minus signs.
bool WorkerExchange::drop_request_copies() {
  while (copies_due_ > 0) {
    const std::string_view bytes = reader_.unread().substr(0, request_message_.size());
    if (!std::string_view(request_message_).starts_with(bytes)) break;
    if (bytes.size() < request_message_.size()) return false;
    reader_.skip(bytes.size());
    --copies_due_;
  }
  copies_due_ = 0;
  return true;
}

/// Drops copies that arrive after the wait for them has ended. They come where the result's A is
/// expected.
void WorkerExchange::drop_late_image_copies() {
  while (copies_due_ > 0 && !reader_.unread().empty() && reader_.unread().front() == data) {
    reader_.skip(size_.text_length + data_overhead_bytes);
    --copies_due_;
  }
}

}  // namespace samoyed::protocol
