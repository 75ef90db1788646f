#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "web/views/template.hpp"

namespace samoyed::web {

/// Splits a sentence of the OpenAPI document at its backticks. Each part has the values `code`,
/// whether it was between two of them, and `text`.
std::vector<Values> prose_parts(std::string_view sentence);

/// Describes the values that a schema allows: `integer, 1 to 1000`, `string, at most 256 bytes`, or
/// `hour, day, week or month`.
std::string type_text(const nlohmann::ordered_json& schema);

/// Formats an example as it is shown: JSON in several lines, texts as they are.
std::string example_text(const nlohmann::ordered_json& example);

}  // namespace samoyed::web
