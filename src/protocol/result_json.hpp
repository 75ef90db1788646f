#pragma once

#include <optional>
#include <string_view>

#include "samoyed/protocol/result.hpp"

namespace samoyed::protocol {

/// An extended result's payload, taken apart; nothing if it is none. What it holds beyond the fields of
/// PROTOCOL.md is ignored. The values go straight to where they belong, since every image has such a
/// result: a tree of values first would cost more than all else that is done with it.
std::optional<Result> parse_result_json(std::string_view payload);

}  // namespace samoyed::protocol
