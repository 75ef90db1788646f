#pragma once

#include <string>
#include <vector>

#include <asio/awaitable.hpp>

#include "web/forms/form_scanner.hpp"

namespace samoyed::web {

/// A form that is too large for memory. Its parts are read one at a time.
class StoredForm {
 public:
  virtual ~StoredForm() = default;

  virtual const std::vector<ScannedPart>& parts() const = 0;

  /// Returns the content of one of the parts. Throws std::system_error if it can't be read.
  virtual asio::awaitable<std::string> read(ScannedPart part) = 0;
};

}  // namespace samoyed::web
