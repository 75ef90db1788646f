#pragma once

namespace samoyed::io {

/// The format of a program's log lines. It has its own header so that the options don't need the
/// logger's headers.
enum class LogFormat { text, json };

}  // namespace samoyed::io
