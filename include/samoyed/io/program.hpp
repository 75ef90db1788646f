#pragma once

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

#include <asio/signal_set.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/log.hpp"
#include "samoyed/io/process.hpp"

namespace samoyed::io {

/// The frame of a server's main: logs to stderr under the program's name in that format, and turns
/// what `run` throws (a wrong start-up) into one line and an exit status.
template <typename Run>
int run_program(const std::string& name, LogFormat format, Run run) {
  raise_descriptor_limit();
  start_log(name, format);
  try {
    run();
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

/// Calls `stop` on the first SIGINT or SIGTERM, on the thread of the signal set's executor. The
/// second one kills the program as if it had never been caught: its exit status, as shells report
/// it, is 128 and the signal's number. `signals` must be the only set that holds these signals.
template <typename Stop>
void on_stop_signal(asio::signal_set& signals, Stop stop) {
  signals.async_wait([&signals, stop = std::move(stop)](std::error_code error, int) {
    if (error) return;
    std::error_code ignored;  // Worse than not ending at once would be not to stop at all.
    signals.clear(ignored);   // Gives the signals their default action back.
    spdlog::info(
        "stopping: no new connections; what is under way is finished; another signal ends at once");
    stop();
  });
}

}  // namespace samoyed::io
