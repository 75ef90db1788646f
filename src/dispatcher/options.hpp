#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "samoyed/dispatcher/dispatcher.hpp"
#include "samoyed/protocol/address.hpp"
#include "samoyed/protocol/limits.hpp"

namespace samoyed::dispatcher {

/// What the command line of samoyed-dispatcher says.
struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9999;
  std::vector<protocol::Address> workers;
  /// Empty: the list is forgotten when the program ends.
  std::string state_file;
  std::size_t connections_max = 512;
  std::uint64_t image_bytes_max = protocol::image_bytes_max_default;
  std::chrono::milliseconds drain_timeout{10000};
  StepTimeouts timeouts;
};

/// Nothing if the program is to end at once with `exit_status`: after --help, --version or a
/// mistake, which is printed.
std::optional<Options> parse_options(int argc, char** argv, int& exit_status);

}  // namespace samoyed::dispatcher
