#pragma once

#include <optional>
#include <string_view>

#include "samoyed/protocol/result.hpp"

namespace samoyed::protocol {

/// Parses an extended result's payload. Returns std::nullopt if it is not a valid result. Ignores
/// fields that PROTOCOL.md doesn't define. The values are stored directly without building a JSON
/// tree, because every image has such a result and a tree would cost more than all other work on
/// the result.
std::optional<Result> parse_result_json(std::string_view payload);

}  // namespace samoyed::protocol
