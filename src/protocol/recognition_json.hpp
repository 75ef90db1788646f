#pragma once

#include <string>

#include "samoyed/protocol/result.hpp"

namespace samoyed::protocol {

/// A recognition as an extended result's payload: one line of compact JSON (PROTOCOL.md, Hello).
/// Written straight to the text, since every image needs it: as a tree of values first, a result
/// cost more than all else that a worker does to talk with its client.
std::string recognition_json(const Recognition& recognition);

}  // namespace samoyed::protocol
