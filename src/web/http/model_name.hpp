#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Returns an error if a text can't be the name of a model: if it is empty or has more than
/// `protocol::model_name_bytes_max`.
std::optional<Problem> check_model_name(std::string_view name);

/// Returns the value of the query's `model` as valid UTF-8, or an empty text if there is none.
/// Returns the error of `check_model_name`.
std::variant<std::string, Problem> read_model_name(std::string_view query);

}  // namespace samoyed::web
