#pragma once

#include <system_error>

namespace samoyed::protocol {

/// Errors of an exchange, apart from network errors.
enum class Errc {
  not_the_protocol = 1,  ///< A byte that fits no message of the protocol.
  unexpected_message,    ///< A message of the protocol that isn't allowed at this point.
  message_too_long,      ///< A text message that doesn't end within its limit.
  bad_size,              ///< A size message whose payload is not a number.
  image_too_long,        ///< A size beyond what the worker would read and drop.
  refused_too_often,     ///< The same message was answered with N too many times.
  pipelined_refused,     ///< A size was refused after its image had been sent already.
  bad_result,            ///< A result with the right checksum that can't be parsed.
  bad_hello,             ///< A reply to hello that can't be parsed.
  long_model_name,       ///< A reply to hello whose model has more than `model_name_bytes_max`.
  truncated,             ///< The peer closed the connection in the middle of an exchange.
  timed_out,             ///< The peer exceeded the time limit of a step.
  unacknowledged,        ///< The peer answered neither a result nor its copies in time.
};

const std::error_category& error_category();
std::error_code make_error_code(Errc value);

}  // namespace samoyed::protocol

template <>
struct std::is_error_code_enum<samoyed::protocol::Errc> : std::true_type {};
