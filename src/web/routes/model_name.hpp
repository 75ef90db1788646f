#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Returns the value of the query's `model` as valid UTF-8, or an empty text if there is none.
/// Returns an error if it is empty or has more than `protocol::model_name_bytes_max`.
std::variant<std::string, Problem> read_model_name(std::string_view query);

}  // namespace samoyed::web
