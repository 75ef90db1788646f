#pragma once

#include <cstdlib>
#include <exception>
#include <string>
#include <sys/stat.h>
#include <utility>

#include <asio/signal_set.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/exit_status.hpp"
#include "samoyed/io/log.hpp"
#include "samoyed/io/process.hpp"
#include "samoyed/io/signals.hpp"

namespace samoyed::io {

/// Returns what a failed startup prints: for an error of the file system a sentence with the file,
/// the reason and what to do, otherwise the exception's own text.
std::string describe_startup_failure(const std::exception& failure);

/// The common part of every server's `main`: prepares the process, starts logging to stderr under
/// `name` in the given format, and calls `run`. If `run` throws (a failed startup), prints the
/// error on one line and returns EXIT_FAILURE, or exit_usage for an UnusableOption.
template <typename Run>
int run_program(const std::string& name, LogFormat format, Run run) {
  open_standard_descriptors();
  survive_signals();
  umask(S_IRWXG | S_IRWXO);  // Files are for their owner only.
  raise_descriptor_limit();
  open_process_files();
  start_log(name, format);
  try {
    run();
  } catch (const UnusableOption& error) {
    finish_log(name + ": " + error.what() + "\n");
    return exit_usage;
  } catch (const std::exception& error) {
    finish_log(name + ": " + describe_startup_failure(error) + "\n");
    return EXIT_FAILURE;
  }
  finish_log();
  return EXIT_SUCCESS;
}

/// Calls `stop` on the first SIGINT or SIGTERM, on the thread of the signal set's executor. A
/// second signal kills the program as if it were not handled: shells then report 128 plus the
/// signal's number as the exit status. `signals` must be the only set that holds these signals.
template <typename Stop>
void on_stop_signal(asio::signal_set& signals, Stop stop) {
  signals.async_wait([&signals, stop = std::move(stop)](std::error_code error, int) {
    if (error) return;
    std::error_code ignored;  // Stop even if this fails.
    signals.clear(ignored);   // Restores the signals' default action.
    spdlog::info("stopping after the requests in progress; a second signal exits at once");
    stop();
  });
}

}  // namespace samoyed::io
