#pragma once

#include <functional>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

namespace samoyed::io {

/// Keeps signals from ending the process for a reason that is none: SIGPIPE (nobody reads the log
/// any more), SIGXFSZ (a file has reached its size limit), and SIGHUP (the terminal was closed, or
/// an operator asks to read files again). Writes then fail with an error. Call it before other
/// threads start.
void survive_signals();

/// Calls `reload` for SIGHUP, even if it arrived before this call. Never returns: destroy it with
/// its io_context. `survive_signals` must have been called. Use it at most once in a process. What
/// it needs is opened at once, so that a process may then confine itself.
asio::awaitable<void> reload_on_hangup(const asio::any_io_executor& executor,
                                       std::function<void()> reload);

}  // namespace samoyed::io
