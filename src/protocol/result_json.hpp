#pragma once

#include <optional>
#include <string_view>

#include "samoyed/protocol/result.hpp"

namespace samoyed::protocol {

/// Parses an extended result's payload; returns std::nullopt if it is none. Ignores fields that
/// PROTOCOL.md doesn't have. The values go straight to where they belong, because every image has
/// such a result: a tree of values first would cost more than everything else done with it.
std::optional<Result> parse_result_json(std::string_view payload);

}  // namespace samoyed::protocol
