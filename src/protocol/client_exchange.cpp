#include "samoyed/protocol/client_exchange.hpp"

#include <utility>

#include "samoyed/protocol/errc.hpp"

namespace samoyed::protocol {
namespace {

constexpr std::string_view ack_bytes(&ack, 1);
constexpr std::string_view nack_bytes(&nack, 1);

}  // namespace

ClientGreeting::Action ClientGreeting::next() {
  if (std::exchange(request_due_, false)) return Write{request_};
  Message message = reader_.next();
  if (std::holds_alternative<NeedMore>(message)) return Read{};
  if (std::holds_alternative<Ack>(message)) return Greeted{};
  if (const auto* malformed = std::get_if<Malformed>(&message)) return Failed{malformed->why};
  if (std::holds_alternative<Nack>(message)) {
    if (++refusals_ > refusals_max) return Failed{Errc::refused_too_often};
    return Write{request_};
  }
  const TextMessage& text = std::get<TextMessage>(message);
  if (!text.intact) return refuse_reply();
  auto hello = parse_hello(text.payload);
  if (!hello || !reader_.unread().empty()) return Failed{Errc::bad_hello};
  if (hello->model.size() > model_name_bytes_max) return Failed{Errc::long_model_name};
  return Greeted{std::move(hello)};
}

ClientGreeting::Action ClientGreeting::refuse_reply() {
  if (++reply_refusals_ > refusals_max) return Failed{Errc::refused_too_often};
  return Write{nack_bytes};
}

ClientExchange::ClientExchange(const EncodedImage& image, Dialect dialect, std::optional<int> top,
                               std::optional<std::chrono::milliseconds> timeout,
                               std::optional<int> thumbnail_side, bool pipelining)
    : image_(image), dialect_(dialect), pipelining_(pipelining) {
  SizeRequest request{.text_length = image.text_length()};
  if (dialect == Dialect::extended) {
    request.top = top;
    request.timeout = timeout;
    request.thumbnail_side = thumbnail_side;
  }
  size_message_ = data_message(format_size(request));
}

ClientExchange::Action ClientExchange::next() {
  switch (state_) {
    case State::sending_size:
      if (std::exchange(write_due_, false)) return write_size();
      return await_answer(Step::size_answer, State::sending_image);
    case State::sending_image:
      if (std::exchange(write_due_, false)) return Write{Step::image_answer, image_.message()};
      progress_ = Progress::image_sent;
      return await_answer(Step::image_answer, State::awaiting_result);
    case State::awaiting_result:
      return await_result();
    case State::acknowledging:
      break;
  }
  const bool reusable = dialect_ == Dialect::extended && reader_.unread().empty();
  return Finished{std::move(*result_), reusable};
}

void ClientExchange::received(std::string_view bytes) {
  if (progress_ == Progress::nothing_answered && !bytes.empty()) {
    progress_ = Progress::size_answered;
  }
  reader_.append(bytes);
}

ClientExchange::Action ClientExchange::write_size() {
  if (!pipelining_) return Write{Step::size_answer, size_message_};
  return Write{Step::size_answer, size_message_, image_.message()};
}

ClientExchange::Action ClientExchange::await_answer(Step step, State after) {
  const Message message = reader_.next();
  if (std::holds_alternative<NeedMore>(message)) return Read{step};
  if (const auto* malformed = std::get_if<Malformed>(&message)) return Failed{malformed->why};
  const bool of_size = state_ == State::sending_size;
  if (std::holds_alternative<Nack>(message)) {
    if (of_size && pipelining_) return Failed{Errc::pipelined_refused};
    if (++refusals_ > refusals_max) return Failed{Errc::refused_too_often};
    write_due_ = true;
    return next();
  }
  if (!std::holds_alternative<Ack>(message)) return Failed{Errc::unexpected_message};
  refusals_ = 0;
  write_due_ = !(of_size && pipelining_);
  state_ = after;
  return next();
}

ClientExchange::Action ClientExchange::await_result() {
  const Message message = reader_.next();
  if (std::holds_alternative<NeedMore>(message)) return Read{Step::result};
  if (const auto* malformed = std::get_if<Malformed>(&message)) return Failed{malformed->why};
  const auto* text = std::get_if<TextMessage>(&message);
  if (!text) return Failed{Errc::unexpected_message};
  if (!text->intact) {
    if (++refusals_ > refusals_max) return Failed{Errc::refused_too_often};
    return Write{Step::result, nack_bytes};
  }
  result_ = parse_result(text->payload, dialect_);
  if (!result_) return Failed{Errc::bad_result};
  state_ = State::acknowledging;
  return Write{Step::result, ack_bytes};
}

}  // namespace samoyed::protocol
