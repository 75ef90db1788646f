#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/storage/storage_options.hpp"
#include "samoyed/dispatcher/dispatch_options.hpp"
#include "samoyed/dispatcher/worker_health.hpp"
#include "samoyed/io/log.hpp"
#include "samoyed/protocol/address.hpp"
#include "samoyed/web/server_options.hpp"

namespace samoyed::dispatcher {

/// What the command line of samoyed-dispatcher says.
struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9999;
  std::vector<protocol::Address> workers;
  /// Empty: the list is forgotten when the program ends.
  std::string state_file;
  /// `may_connect` as `web.access.worker_networks` says.
  DispatchOptions dispatch;
  HealthOptions health;
  web::ServerOptions web;
  StorageOptions storage;
  io::LogFormat log_format = io::LogFormat::text;
};

/// Nothing if the program is to end at once with `exit_status`: after --help, --version or a
/// mistake, which is printed.
std::optional<Options> parse_options(int argc, char** argv, int& exit_status);

}  // namespace samoyed::dispatcher
