#include "samoyed/protocol/errc.hpp"

#include <string>

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
        return "a message that may not come now";
      case Errc::message_too_long:
        return "a message longer than its limit";
      case Errc::bad_size:
        return "a size message that holds no number";
      case Errc::image_too_long:
        return "an announced image far beyond the limit";
      case Errc::refused_too_often:
        return "the same message was refused too many times";
      case Errc::pipelined_refused:
        return "a size was refused whose image had followed it at once";
      case Errc::bad_result:
        return "a result that can't be understood";
      case Errc::bad_hello:
        return "a reply to hello that can't be understood";
      case Errc::truncated:
        return "the peer closed in the middle of an exchange";
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
