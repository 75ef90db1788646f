#pragma once

namespace samoyed::io {

/// The form of a program's log lines. In a header of its own so that options need no logger's
/// headers.
enum class LogFormat { text, json };

}  // namespace samoyed::io
