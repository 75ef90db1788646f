#include "samoyed/io/errc.hpp"

#include <string>

namespace samoyed::io {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "samoyed.io"; }

  std::string message(int value) const override {
    return static_cast<Errc>(value) == Errc::timed_out ? "the peer took too long"
                                                       : "unknown I/O error";
  }
};

}  // namespace

const std::error_category& error_category() {
  static const Category category;
  return category;
}

std::error_code make_error_code(Errc value) { return {static_cast<int>(value), error_category()}; }

}  // namespace samoyed::io
