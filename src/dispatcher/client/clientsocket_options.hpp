#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/cli.hpp"
#include "samoyed/dispatcher/dispatcher.hpp"
#include "samoyed/protocol/address.hpp"

namespace samoyed::clientsocket {

enum class OutputFormat { text, json, csv };

/// The command line of clientsocket.
struct Options {
  std::vector<protocol::Address> workers;
  /// Files, folders and `-` for standard input, as given.
  std::vector<std::filesystem::path> images;
  int threads = 1;
  int repeat = 1;
  std::optional<int> top;
  /// The model that a worker must run; empty for any.
  std::string model;
  OutputFormat format = OutputFormat::text;
  /// Print only results and errors.
  bool quiet = false;
  dispatcher::WorkerTlsArguments worker_tls;
  /// Holds the timeouts, and what `worker_tls` says.
  dispatcher::DispatchOptions dispatch;
  /// For one image, all attempts included.
  std::chrono::milliseconds request_timeout{60000};
};

/// Returns std::nullopt if the program must end at once with `exit_status`: after --help or
/// --version, or after an error, which is printed.
std::optional<Options> parse_options(int argc, char** argv, int& exit_status);

}  // namespace samoyed::clientsocket
