#pragma once

#include <system_error>

namespace samoyed::protocol {

/// How an exchange fails, apart from what the network itself reports.
enum class Errc {
  not_the_protocol = 1,  ///< A byte that can begin no message of the protocol.
  unexpected_message,    ///< A message of the protocol, but not one that may come now.
  message_too_long,      ///< A text message without an end within its limit.
  bad_size,              ///< A size message whose payload is no number.
  image_too_long,        ///< A size beyond what the worker would even read and drop.
  refused_too_often,     ///< The same message was answered with N too many times.
  pipelined_refused,     ///< A size was refused with whose image no answer was waited for.
  bad_result,            ///< A result with the right checksum that can't be taken apart.
  bad_hello,             ///< A reply to hello that can't be taken apart.
  truncated,             ///< The peer closed in the middle of an exchange.
  timed_out,             ///< The peer let a step's time pass.
  unacknowledged,        ///< The peer did not answer a result in time, however often it was sent.
};

const std::error_category& error_category();
std::error_code make_error_code(Errc value);

}  // namespace samoyed::protocol

template <>
struct std::is_error_code_enum<samoyed::protocol::Errc> : std::true_type {};
