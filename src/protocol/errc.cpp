#include "samoyed/protocol/errc.hpp"

#include <string>

#include "samoyed/protocol/limits.hpp"

namespace samoyed::protocol {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "samoyed.protocol"; }

  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::not_the_protocol:
        return "the peer doesn't speak the D/A/N protocol";
      case Errc::unexpected_message:
        return "the peer sent an unexpected message";
      case Errc::message_too_long:
        return "the peer sent a message that is too long";
      case Errc::bad_size:
        return "the peer sent a size that is not a number";
      case Errc::image_too_long:
        return "the peer announced an image far beyond the limit";
      case Errc::refused_too_often:
        return "the same message was refused too many times";
      case Errc::pipelined_refused:
        return "the peer refused a size after its image had been sent";
      case Errc::bad_result:
        return "the peer sent a result that can't be parsed";
      case Errc::bad_hello:
        return "the peer sent a reply to hello that can't be parsed";
      case Errc::long_model_name:
        return "the peer's reply to hello names a model with more than " +
               std::to_string(model_name_bytes_max) + " bytes";
      case Errc::truncated:
        return "the peer closed the connection in the middle of an exchange";
      case Errc::timed_out:
        return "the peer took too long";
      case Errc::unacknowledged:
        return "the peer did not acknowledge its result";
    }
    return "unknown protocol error";
  }
};

}  // namespace

const std::error_category& error_category() {
  static const Category category;
  return category;
}

std::error_code make_error_code(Errc value) { return {static_cast<int>(value), error_category()}; }

}  // namespace samoyed::protocol
